"""The pretend Vercel: one module a noun of its API. https://vercel.com/docs/rest-api"""
