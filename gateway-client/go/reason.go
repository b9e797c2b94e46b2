package florin

// Reason is the stable name of why something was refused, was a fault, or has no answer. It never
// changes its meaning: decide on it. Each reason of the server has an entry in docs/errors; those of
// this client stand in its README. A reason that is newer than this client is the decimal number that
// it has in the contract.
type Reason string

// The reasons of the contract, in its order: where several apply, the first is the answer.
const (

	// -- Faults of the call: gRPC status, nothing is looked at any further --

	// ReasonMessageTooLarge: the message is larger than 4 MiB (the server's `limits.message_bytes`).
	ReasonMessageTooLarge Reason = "MESSAGE_TOO_LARGE"
	// ReasonBatchEmpty: no members.
	ReasonBatchEmpty Reason = "BATCH_EMPTY"
	// ReasonBatchTooLarge: more than 8,190 members (the server's limit stands in the error's
	// metadata).
	ReasonBatchTooLarge Reason = "BATCH_TOO_LARGE"
	// ReasonModeUnknown: `mode` is neither INDEPENDENT nor GROUP.
	ReasonModeUnknown Reason = "MODE_UNKNOWN"
	// ReasonGroupIDUnexpected: a group id on an independent batch.
	ReasonGroupIDUnexpected Reason = "GROUP_ID_UNEXPECTED"
	// ReasonColumnsMalformed: columns of different lengths.
	ReasonColumnsMalformed Reason = "COLUMNS_MALFORMED"
	// ReasonPageTokenInvalid: a page token that this server did not make for this listing.
	ReasonPageTokenInvalid Reason = "PAGE_TOKEN_INVALID"
	// ReasonPageSizeInvalid: `page_size` above 1,000.
	ReasonPageSizeInvalid Reason = "PAGE_SIZE_INVALID"
	// ReasonCursorInvalid: a cursor that no server of this kind made.
	ReasonCursorInvalid Reason = "CURSOR_INVALID"
	// ReasonFilterInvalid: a filter that makes no sense; `field` says where.
	ReasonFilterInvalid Reason = "FILTER_INVALID"
	// ReasonCursorArchived: OUT_OF_RANGE: what the cursor points at was archived. The first cursor
	// that can be had is in the error's metadata ("first_cursor"); what lies between must come from
	// the archive.
	ReasonCursorArchived Reason = "CURSOR_ARCHIVED"
	// ReasonCursorAhead: OUT_OF_RANGE: the cursor points past the last durable event: it is of another
	// copy of the data.
	ReasonCursorAhead Reason = "CURSOR_AHEAD"
	// ReasonLineageChanged: FAILED_PRECONDITION: the cursor is of another history: this ledger was
	// restored to an earlier moment, or is another one. Read again from the beginning.
	ReasonLineageChanged Reason = "LINEAGE_CHANGED"
	// ReasonSubscriberSlow: RESOURCE_EXHAUSTED: the subscriber took nothing for too long and was cut
	// off. Its cursor is in the error's metadata ("cursor"): subscribe again with it, nothing is lost.
	ReasonSubscriberSlow Reason = "SUBSCRIBER_SLOW"
	// ReasonMomentMissing: no moment is named, or one that is zero.
	ReasonMomentMissing Reason = "MOMENT_MISSING"
	// ReasonMomentAhead: OUT_OF_RANGE: the moment has not been yet: a sequence above the last durable
	// one, or a time in the future. Up to where the past reaches stands in the error's metadata
	// ("last_sequence" or "now_ns").
	ReasonMomentAhead Reason = "MOMENT_AHEAD"

	// -- The service cannot take it now: try again, same id --

	// ReasonShuttingDown: the server is draining before it stops.
	ReasonShuttingDown Reason = "SHUTTING_DOWN"
	// ReasonDiskFull: no room for the journal: reads go on, writes are refused until there is space.
	ReasonDiskFull Reason = "DISK_FULL"
	// ReasonOverloaded: more is queued than the server admits. Comes with RetryInfo.
	ReasonOverloaded Reason = "OVERLOADED"
	// ReasonJournalUnreadable: DATA_LOSS: the record of a known id cannot be read back from the
	// journal. Other members of the batch may have been decided: send them again, same ids, without
	// it.
	ReasonJournalUnreadable Reason = "JOURNAL_UNREADABLE"

	// -- Malformed member: its own answer, not journaled, uses up no id --

	// ReasonGroupIDMissing: a group without an id.
	ReasonGroupIDMissing Reason = "GROUP_ID_MISSING"
	// ReasonGroupTooLarge: a group that does not fit one commit; the limit in bytes stands in
	// `would_pass`. Looked at when no member has a fault of its own.
	ReasonGroupTooLarge Reason = "GROUP_TOO_LARGE"
	// ReasonIDZero: the id is zero or unset.
	ReasonIDZero Reason = "ID_ZERO"
	// ReasonIDTwiceInBatch: the same id more than once in this batch: refused at each place.
	ReasonIDTwiceInBatch Reason = "ID_TWICE_IN_BATCH"
	// ReasonEnumUnknown: an enum value this server does not know; `field` names it.
	ReasonEnumUnknown Reason = "ENUM_UNKNOWN"
	// ReasonReversalMalformed: a reversal that also names accounts, an amount or a mode.
	ReasonReversalMalformed Reason = "REVERSAL_MALFORMED"
	// ReasonAccountKeyMissing: an account is named neither by a non-zero id nor by name; `field` says
	// which.
	ReasonAccountKeyMissing Reason = "ACCOUNT_KEY_MISSING"
	// ReasonNameInvalid: a name outside the rules of `AccountKey`.
	ReasonNameInvalid Reason = "NAME_INVALID"
	// ReasonSameAccount: debit and credit are the same account.
	ReasonSameAccount Reason = "SAME_ACCOUNT"
	// ReasonAmountZero: the amount is zero or unset.
	ReasonAmountZero Reason = "AMOUNT_ZERO"
	// ReasonAmountInvalid: not a decimal number (decimal text only).
	ReasonAmountInvalid Reason = "AMOUNT_INVALID"
	// ReasonAmountNegative: below zero (decimal text only).
	ReasonAmountNegative Reason = "AMOUNT_NEGATIVE"
	// ReasonAmountTooPrecise: more decimals than the asset has (decimal text only).
	ReasonAmountTooPrecise Reason = "AMOUNT_TOO_PRECISE"
	// ReasonAmountTooLarge: above 2^127 - 1 minor units, or as decimal text above 2^96 - 1.
	ReasonAmountTooLarge Reason = "AMOUNT_TOO_LARGE"
	// ReasonAssetInvalid: an asset code or scale outside the rules of `Asset`.
	ReasonAssetInvalid Reason = "ASSET_INVALID"
	// ReasonValueDateInvalid: not a calendar date from 19000101 to 99991231.
	ReasonValueDateInvalid Reason = "VALUE_DATE_INVALID"
	// ReasonMetadataTooLarge: metadata above 4,096 bytes of keys and values, 2 bytes of length each.
	ReasonMetadataTooLarge Reason = "METADATA_TOO_LARGE"
	// ReasonFloorInvalid: an overdraft without its kind, or the other way round, or outside 1 to 2^127
	// - 1.
	ReasonFloorInvalid Reason = "FLOOR_INVALID"
	// ReasonUpdateEmpty: an update that changes nothing it could change: no field set.
	ReasonUpdateEmpty Reason = "UPDATE_EMPTY"
	// ReasonHoldMalformed: a field that does not go with the kind, or one that is missing; `field`
	// says which.
	ReasonHoldMalformed Reason = "HOLD_MALFORMED"
	// ReasonReferenceInvalid: a reference above 128 bytes, or with control characters.
	ReasonReferenceInvalid Reason = "REFERENCE_INVALID"
	// ReasonCeilingInvalid: a ceiling above 2^127 - 1.
	ReasonCeilingInvalid Reason = "CEILING_INVALID"
	// ReasonScoreInvalid: a score above 1,000.
	ReasonScoreInvalid Reason = "SCORE_INVALID"

	// -- Refused by the state of the ledger. Of transfers and groups: journaled, uses up the id. Of assets
	//    and accounts: not journaled, the same request can pass later --

	// ReasonIDReused: the id was used for something else; `field` names the first field that differs.
	ReasonIDReused Reason = "ID_REUSED"
	// ReasonGroupMixed: a member of the group is known from elsewhere, with whatever content, and the
	// group id is not.
	ReasonGroupMixed Reason = "GROUP_MIXED"
	// ReasonOriginalNotFound: the transfer to reverse does not exist.
	ReasonOriginalNotFound Reason = "ORIGINAL_NOT_FOUND"
	// ReasonOriginalNotPosted: the transfer to reverse was refused, so there is nothing to reverse.
	ReasonOriginalNotPosted Reason = "ORIGINAL_NOT_POSTED"
	// ReasonAlreadyReversed: the transfer to reverse was reversed before.
	ReasonAlreadyReversed Reason = "ALREADY_REVERSED"
	// ReasonHoldNotFound: there is no such hold.
	ReasonHoldNotFound Reason = "HOLD_NOT_FOUND"
	// ReasonHoldExpired: the hold fell due.
	ReasonHoldExpired Reason = "HOLD_EXPIRED"
	// ReasonHoldClosed: nothing is left of the hold: it was captured or released.
	ReasonHoldClosed Reason = "HOLD_CLOSED"
	// ReasonHoldExceeded: more than is left of the hold; `would_pass` says how much is.
	ReasonHoldExceeded Reason = "HOLD_EXCEEDED"
	// ReasonPaymentNotFound: there is no such payment.
	ReasonPaymentNotFound Reason = "PAYMENT_NOT_FOUND"
	// ReasonPaymentStateInvalid: the payment is in a state that does not allow this: see
	// `PaymentState`.
	ReasonPaymentStateInvalid Reason = "PAYMENT_STATE_INVALID"
	// ReasonPaymentExceeded: more than can be captured, or than can be refunded; `would_pass` says how
	// much can.
	ReasonPaymentExceeded Reason = "PAYMENT_EXCEEDED"
	// ReasonDuePassed: the time at which it would fall due is not in the future.
	ReasonDuePassed Reason = "DUE_PASSED"
	// ReasonAccountNotFound: no such account; `account_id` says which.
	ReasonAccountNotFound Reason = "ACCOUNT_NOT_FOUND"
	// ReasonAssetMismatch: the accounts hold different assets, or not the one that the request names.
	ReasonAssetMismatch Reason = "ASSET_MISMATCH"
	// ReasonAccountClosed: the account is closed.
	ReasonAccountClosed Reason = "ACCOUNT_CLOSED"
	// ReasonAccountFrozen: the account is frozen in this direction.
	ReasonAccountFrozen Reason = "ACCOUNT_FROZEN"
	// ReasonInsufficientFunds: the floor would be passed; `missing` and `would_pass` say by how much.
	ReasonInsufficientFunds Reason = "INSUFFICIENT_FUNDS"
	// ReasonCeilingExceeded: the ceiling would be passed, with all that is reserved for the account;
	// `missing` and `would_pass` say by how much.
	ReasonCeilingExceeded Reason = "CEILING_EXCEEDED"
	// ReasonBalanceOverflow: a balance would leave -2^127 to 2^127 - 1, or a total 2^128 - 1, with all
	// that is reserved.
	ReasonBalanceOverflow Reason = "BALANCE_OVERFLOW"
	// ReasonGroupMemberRefused: another member decided against the group; `member` of the group's
	// refusal says which.
	ReasonGroupMemberRefused Reason = "GROUP_MEMBER_REFUSED"
	// ReasonAssetNotFound: no such asset: neither in ISO 4217 nor registered.
	ReasonAssetNotFound Reason = "ASSET_NOT_FOUND"
	// ReasonAccountNotEmpty: only an account with balance zero and nothing reserved can be closed.
	ReasonAccountNotEmpty Reason = "ACCOUNT_NOT_EMPTY"
	// ReasonBalanceBelowFloor: the account's balance is below the floor that was asked for.
	ReasonBalanceBelowFloor Reason = "BALANCE_BELOW_FLOOR"
	// ReasonBalanceAboveCeiling: the account's balance is above the ceiling that was asked for.
	ReasonBalanceAboveCeiling Reason = "BALANCE_ABOVE_CEILING"
	// ReasonAssetLimit: the ledger has 1,024 assets: no more can be registered.
	ReasonAssetLimit Reason = "ASSET_LIMIT"

	// -- Looking after the engine --

	// ReasonSnapshotFailed: a snapshot could not be taken, read or deleted. The journal has everything that
	// is in it.
	ReasonSnapshotFailed Reason = "SNAPSHOT_FAILED"

	// -- Another server is the leader --

	// ReasonFenced: FAILED_PRECONDITION: another server has taken over from this one, for good. Send
	// the same request, same id, to that one.
	ReasonFenced Reason = "FENCED"
)

// What this client finds out by itself.
const (
	// ReasonEndpointInvalid: the address is not host:port.
	ReasonEndpointInvalid Reason = "ENDPOINT_INVALID"
	// ReasonOptionInvalid: an option or argument is out of range.
	ReasonOptionInvalid Reason = "OPTION_INVALID"
	// ReasonRequestInvalid: the request cannot be written: a text is not UTF-8. Nothing was sent.
	ReasonRequestInvalid Reason = "REQUEST_INVALID"
	// ReasonUnreachable: no connection: nothing was sent.
	ReasonUnreachable Reason = "UNREACHABLE"
	// ReasonConnectionLost: the connection broke during a call that reads.
	ReasonConnectionLost Reason = "CONNECTION_LOST"
	// ReasonDeadlineExceeded: no answer in time, and nothing was applied.
	ReasonDeadlineExceeded Reason = "DEADLINE_EXCEEDED"
	// ReasonCanceled: the caller's context was canceled, and nothing was applied.
	ReasonCanceled Reason = "CANCELED"
	// ReasonOutcomeUnknown: no answer, and it may have been applied.
	ReasonOutcomeUnknown Reason = "OUTCOME_UNKNOWN"
	// ReasonUnexpectedStatus: a gRPC status that Florin did not make.
	ReasonUnexpectedStatus Reason = "UNEXPECTED_STATUS"
	// ReasonAnswerMalformed: the answer breaks the contract; it may have been applied.
	ReasonAnswerMalformed Reason = "ANSWER_MALFORMED"
	// ReasonClientClosed: the client was closed.
	ReasonClientClosed Reason = "CLIENT_CLOSED"
)
