"""The loop that asks every health endpoint all day: asking, keeping the place to oneself, writing what was found."""
