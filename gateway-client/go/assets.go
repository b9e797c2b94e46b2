package florin

import (
	"context"

	pb "florin.dev/gateway-client/go/florinv1"
)

// AssetOutcome is the answer to one asset to register.
type AssetOutcome struct {
	// Code is the asset's.
	Code string
	// Replayed: it was there before, with this scale.
	Replayed bool
	// Refused is set if it was not registered.
	Refused *Refusal
}

// Err is the refusal as an error; nil if the asset is registered.
func (o AssetOutcome) Err() error {
	if o.Refused == nil {
		return nil
	}
	return o.Refused
}

// CreateAssets registers assets that are not in ISO 4217: points, tokens, stock units. Safe to repeat.
// One answer an asset, in order; a refusal is not an error here but an answer.
func (c *Client) CreateAssets(ctx context.Context, assets ...Asset) ([]AssetOutcome, error) {
	request := &pb.CreateAssetsRequest{Assets: mapped(assets, func(asset Asset) *pb.Asset {
		return &pb.Asset{Code: asset.Code, Scale: asset.Scale}
	})}
	response, err := call(ctx, c, idempotent, request, c.ledger.CreateAssets)
	if err != nil {
		return nil, err
	}
	if len(response.Results) != len(assets) {
		return nil, malformed("not one result for each asset")
	}
	return mapped(response.Results, assetOutcomeFromWire), nil
}

func assetOutcomeFromWire(wire *pb.CreateAssetResult) AssetOutcome {
	outcome := AssetOutcome{Code: wire.GetCode(), Replayed: wire.GetReplayed()}
	if wire.GetRefusal() != nil {
		outcome.Refused = refusalFromWire(wire.GetRefusal())
	}
	return outcome
}

// ListAssets gives every asset in use, in the order in which they were first used or registered.
func (c *Client) ListAssets(ctx context.Context) ([]Asset, error) {
	response, err := call(ctx, c, reads, &pb.ListAssetsRequest{}, c.ledger.ListAssets)
	if err != nil {
		return nil, err
	}
	return mapped(response.Assets, assetFromWire), nil
}
