HOST = "product.test"
