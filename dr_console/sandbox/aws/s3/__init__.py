"""S3 in the pretend world, and R2, which stands on the same moto: what both have to say beyond it."""
