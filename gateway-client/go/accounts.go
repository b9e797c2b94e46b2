package florin

import (
	"context"
	"iter"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// CreateAccounts opens 1 to 8,190 accounts, each on its own. Safe to repeat. One answer an account, in
// order; a refusal is not an error here but an answer.
func (c *Client) CreateAccounts(ctx context.Context, accounts ...NewAccount) ([]AccountOutcome, error) {
	request := &pb.CreateAccountsRequest{Accounts: make([]*pb.NewAccount, len(accounts))}
	for i := range accounts {
		request.Accounts[i] = accounts[i].wire()
	}
	response, err := call(ctx, c, idempotent, request, c.ledger.CreateAccounts)
	if err != nil {
		return nil, err
	}
	if len(response.Results) != len(accounts) {
		return nil, malformed("not one result for each account")
	}
	return mapped(response.Results, accountOutcomeFromWire), nil
}

// UpdateAccount freezes, unfreezes, closes, or sets the floor or ceiling of an account: all of it or
// nothing. It gives the account after it.
//
// A refusal is a [*Fault] here. Since an update has no id, an attempt whose answer is lost is not made
// again but ends in [ErrOutcomeUnknown]: look at the account, then decide.
func (c *Client) UpdateAccount(ctx context.Context, update AccountUpdate) (Account, error) {
	request, err := update.wire()
	if err != nil {
		return Account{}, err
	}
	response, err := call(ctx, c, once, request, c.ledger.UpdateAccount)
	if err != nil {
		return Account{}, err
	}
	if response.Account == nil {
		return Account{}, malformed("an update without its account")
	}
	return accountFromWire(response.Account), nil
}

// GetAccounts looks up to 8,190 accounts up by id or name.
func (c *Client) GetAccounts(ctx context.Context, keys ...AccountKey) (Lookup[Account, AccountKey], error) {
	request := &pb.GetAccountsRequest{Accounts: keysToWire(keys)}
	response, err := call(ctx, c, reads, request, c.ledger.GetAccounts)
	if err != nil {
		return Lookup[Account, AccountKey]{}, err
	}
	return Lookup[Account, AccountKey]{
		Found:   mapped(response.Accounts, accountFromWire),
		Missing: mapped(response.Missing, keyFromWire),
	}, nil
}

// AccountQuery says which accounts are listed. The zero value means every one.
type AccountQuery struct {
	// NamePrefix: only accounts whose name begins with this, in the order of names. Empty: every
	// account, in the order of opening.
	NamePrefix string
	// PageSize is how many are fetched at once, 1 to 1,000; 0 means the server's default, 100.
	PageSize int
}

// ListAccounts gives accounts one by one, fetched page by page as they are asked for:
//
//	for account, err := range client.ListAccounts(ctx, florin.AccountQuery{}) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// It ends after an error. The deadline of [WithDeadline] holds for each page.
func (c *Client) ListAccounts(ctx context.Context, query AccountQuery) iter.Seq2[Account, error] {
	return pages(func(token string) ([]Account, string, error) {
		return c.AccountsPage(ctx, query, token)
	})
}

// AccountsPage is a page of accounts, from token on, or the first if that is empty. It gives the token
// of the next one, which is empty on the last. A page may be short although more follow.
func (c *Client) AccountsPage(ctx context.Context, query AccountQuery, token string) ([]Account, string, error) {
	request := &pb.ListAccountsRequest{
		PageSize:   pageSize(query.PageSize),
		PageToken:  token,
		NamePrefix: query.NamePrefix,
	}
	response, err := call(ctx, c, reads, request, c.ledger.ListAccounts)
	if err != nil {
		return nil, "", err
	}
	return mapped(response.Accounts, accountFromWire), response.NextPageToken, nil
}

// AccountSide is a side of a transfer.
type AccountSide = pb.AccountSide

// The sides.
const (
	// SideBoth: both.
	SideBoth = pb.AccountSide_ACCOUNT_SIDE_UNSPECIFIED
	// SideDebit: it pays.
	SideDebit = pb.AccountSide_ACCOUNT_SIDE_DEBIT
	// SideCredit: it receives.
	SideCredit = pb.AccountSide_ACCOUNT_SIDE_CREDIT
)

// StatementQuery says what of an account's history is listed.
type StatementQuery struct {
	// Account is which one.
	Account AccountKey
	// From: only from this time on; zero: from the opening.
	From time.Time
	// Until: only before this time; zero: to the end.
	Until time.Time
	// Side: only those in which the account is on this side.
	Side AccountSide
	// Kinds: only of these kinds; empty: all.
	Kinds []Kind
	// Code: only with this code; nil: all.
	Code *uint32
	// PageSize is how many are fetched at once, 1 to 1,000; 0 means the server's default, 100.
	PageSize int
}

// ListAccountTransfers gives what has changed an account, newest first, one by one, fetched page by
// page as in [Client.ListAccounts].
func (c *Client) ListAccountTransfers(ctx context.Context, query StatementQuery) iter.Seq2[TransferRecord, error] {
	return pages(func(token string) ([]TransferRecord, string, error) {
		return c.AccountTransfersPage(ctx, query, token)
	})
}

// AccountTransfersPage is a page of an account's history, as in [Client.AccountsPage].
func (c *Client) AccountTransfersPage(
	ctx context.Context, query StatementQuery, token string,
) ([]TransferRecord, string, error) {
	request := &pb.ListAccountTransfersRequest{
		Account:   query.Account.wire(),
		PageSize:  pageSize(query.PageSize),
		PageToken: token,
		FromNs:    timeToWire(query.From),
		UntilNs:   timeToWire(query.Until),
		Side:      query.Side,
		Kinds:     query.Kinds,
		Code:      query.Code,
	}
	response, err := call(ctx, c, reads, request, c.ledger.ListAccountTransfers)
	if err != nil {
		return nil, "", err
	}
	records, err := recordsFromWire(response.Transfers)
	return records, response.NextPageToken, err
}

// pageSize leaves it to the server to refuse what is too large, or negative.
func pageSize(size int) uint32 {
	if uint64(size) > 1<<32-1 {
		return 1<<32 - 1
	}
	return uint32(size)
}

// pages gives the items of page after page.
func pages[T any](fetch func(token string) ([]T, string, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		token := ""
		for {
			items, next, err := fetch(token)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			token = next
		}
	}
}
