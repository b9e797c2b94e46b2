"""The calls of the contract, by what they are about. `florin.Client` is all of them."""
