package florin

import (
	"context"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
)

// Status is how the engine is: what it holds, how far it is durable, whether it takes payments.
type Status struct {
	// Version of the server.
	Version string
	// Lineage of this ledger's history: 32 hex digits, chosen when its journal was made.
	Lineage string
	// Uptime is since this process began to serve.
	Uptime time.Duration
	// Accepting: writes are taken now.
	Accepting bool
	// NotAcceptingReason is why they are not; empty if they are.
	NotAcceptingReason Reason
	// Fork is true for a copy of another ledger to try things on, never to be taken for the original.
	Fork bool
	// Partitions: one entry each.
	Partitions []PartitionStatus
}

// PartitionStatus is one partition.
type PartitionStatus struct {
	// Partition is its number, from 0.
	Partition uint32
	// Epoch is raised at every opening of the journal.
	Epoch uint64
	// Sequence of the last event that was decided.
	Sequence uint64
	// DurableSequence of the last event that is on disk.
	DurableSequence uint64
	// Accounts opened.
	Accounts uint64
	// IDs: transfer and group ids remembered.
	IDs uint64
	// TransfersPosted over the whole history.
	TransfersPosted uint64
	// TransfersRefused: transfers and groups refused and journaled, over the whole history.
	TransfersRefused uint64
	// Conserved: the sum of all debits equals the sum of all credits, in every asset.
	Conserved bool
	// Assets: totals of each.
	Assets []AssetTotals
	// Segment is the number of the journal segment that is written now.
	Segment uint64
	// JournalBytes written, in all segments.
	JournalBytes uint64
	// FreeBytes on the file system of the data directory.
	FreeBytes uint64
	// Frames (group commits) written since the process began.
	Frames uint64
	// SyncP50 is the median time of one write and sync since the process began.
	SyncP50 time.Duration
	// SyncP99 is the 99th percentile of the same.
	SyncP99 time.Duration
	// InFlight: requests admitted and not yet answered.
	InFlight uint64
	// AccountBytes of memory that accounts take.
	AccountBytes uint64
	// OpenHolds: holds and payments that reserve something.
	OpenHolds uint64
	// Timers: of these, those that will fall due.
	Timers uint64
	// DuePaused: the clock has jumped forward past the time of some of them: nothing falls due until
	// [Client.AcceptClock].
	DuePaused bool
	// Subscribers of the feed.
	Subscribers uint64
	// Snapshot is the newest one, nil if there is none.
	Snapshot *NewestSnapshot
	// EventsToReplay: events that a start would replay now.
	EventsToReplay uint64
	// IndexThrough: every segment up to the one with this event has its index.
	IndexThrough uint64
	// IDsThrough: every id of the events up to this one is in a sorted file.
	IDsThrough uint64
	// IDsInMemory: ids that are in memory.
	IDsInMemory uint64
}

// NewestSnapshot is the newest snapshot of a partition.
type NewestSnapshot struct {
	// ID is its number.
	ID uint64
	// Sequence is the event from which on a start that uses it replays.
	Sequence uint64
	// TakenAt is when it was taken.
	TakenAt time.Time
}

// AssetTotals are the totals of one asset over all accounts.
type AssetTotals struct {
	// Asset is which one.
	Asset Asset
	// Debits is the sum of all posted debits.
	Debits Minor
	// Credits is the sum of all posted credits.
	Credits Minor
}

// Status asks how the engine is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	response, err := call(ctx, c, reads, &pb.GetStatusRequest{}, c.admin.GetStatus)
	if err != nil {
		return Status{}, err
	}
	return Status{
		Version:            response.GetVersion(),
		Lineage:            response.GetLineage(),
		Uptime:             time.Duration(response.GetUptimeS()) * time.Second,
		Accepting:          response.GetAccepting(),
		NotAcceptingReason: Reason(response.GetNotAcceptingReason()),
		Fork:               response.GetFork(),
		Partitions:         mapped(response.GetPartitions(), partitionFromWire),
	}, nil
}

// AcceptClock says that the clock is right: what fell due by a jump forward of it, and was held back, is
// released. It tells whether anything was held back. Like an update it has no id: an attempt whose answer
// is lost is not made again.
func (c *Client) AcceptClock(ctx context.Context) (bool, error) {
	response, err := call(ctx, c, once, &pb.AcceptClockRequest{}, c.admin.AcceptClock)
	if err != nil {
		return false, err
	}
	return response.GetWasPaused(), nil
}

func partitionFromWire(wire *pb.PartitionStatus) PartitionStatus {
	return PartitionStatus{
		Partition:        wire.GetPartition(),
		Epoch:            wire.GetEpoch(),
		Sequence:         wire.GetSequence(),
		DurableSequence:  wire.GetDurableSequence(),
		Accounts:         wire.GetAccounts(),
		IDs:              wire.GetIds(),
		TransfersPosted:  wire.GetTransfersPosted(),
		TransfersRefused: wire.GetTransfersRefused(),
		Conserved:        wire.GetConserved(),
		Assets:           mapped(wire.GetAssets(), totalsFromWire),
		Segment:          wire.GetSegment(),
		JournalBytes:     wire.GetJournalBytes(),
		FreeBytes:        wire.GetFreeBytes(),
		Frames:           wire.GetFrames(),
		SyncP50:          time.Duration(wire.GetSyncP50Us()) * time.Microsecond,
		SyncP99:          time.Duration(wire.GetSyncP99Us()) * time.Microsecond,
		InFlight:         wire.GetInFlight(),
		AccountBytes:     wire.GetAccountBytes(),
		OpenHolds:        wire.GetOpenHolds(),
		Timers:           wire.GetTimers(),
		DuePaused:        wire.GetDuePaused(),
		Subscribers:      wire.GetSubscribers(),
		Snapshot:         snapshotFromWire(wire),
		EventsToReplay:   wire.GetEventsToReplay(),
		IndexThrough:     wire.GetIndexThrough(),
		IDsThrough:       wire.GetIdsThrough(),
		IDsInMemory:      wire.GetIdsInMemory(),
	}
}

func snapshotFromWire(wire *pb.PartitionStatus) *NewestSnapshot {
	if wire.SnapshotId == nil {
		return nil
	}
	return &NewestSnapshot{
		ID:       wire.GetSnapshotId(),
		Sequence: wire.GetSnapshotSequence(),
		TakenAt:  timeFromWire(wire.GetSnapshotTakenAtNs()),
	}
}

func totalsFromWire(wire *pb.AssetTotals) AssetTotals {
	return AssetTotals{
		Asset:   Asset{Code: wire.GetCode(), Scale: wire.GetScale()},
		Debits:  Minor{Hi: wire.GetDebitsHi(), Lo: wire.GetDebitsLo()},
		Credits: Minor{Hi: wire.GetCreditsHi(), Lo: wire.GetCreditsLo()},
	}
}
