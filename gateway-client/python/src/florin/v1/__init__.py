"""The messages of the contract, proto/florin/v1, as generated. Everything else in this package speaks plainer."""
