package florin

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// fake is a ledger that posts everything, once an id, and otherwise does what it is told.
type fake struct {
	pb.UnimplementedLedgerServiceServer
	pb.UnimplementedAdminServiceServer
	pb.UnimplementedEventServiceServer
	listener *trackingListener
	server   *grpc.Server

	mu sync.Mutex
	// steps are what the next unary calls do, one each; then they answer.
	steps []step
	// streams are what the next streams do, one each; then they answer.
	streams []step
	// feeds are what the next subscriptions give, one each.
	feeds []feedStep
	// calls are the ids of each unary call, streamed those of each stream.
	calls, streamed [][]uint64
	// from is where each subscription began.
	from    []string
	posted  map[uint64]*pb.TransferResult
	balance uint64
}

// step is what a call or a stream does.
type step struct {
	// answers before anything else happens, of a stream.
	answers int
	// applies what comes, although it is not answered.
	applies bool
	// waits before it goes on, of a stream after its first transfer that is not answered.
	waits time.Duration
	// loses the connection.
	loses bool
	// err is what it ends with.
	err error
	// garbles the answer.
	garbles bool
}

type feedStep struct {
	batches []*pb.EventBatch
	loses   bool
	err     error
}

func startFake(t testing.TB) *fake {
	t.Helper()
	f := &fake{posted: map[uint64]*pb.TransferResult{}}
	f.listen(t, "127.0.0.1:0")
	t.Cleanup(func() { f.stop() })
	return f
}

func (f *fake) listen(t testing.TB, addr string) {
	t.Helper()
	inner, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	f.listener = &trackingListener{Listener: inner}
	f.server = grpc.NewServer()
	pb.RegisterLedgerServiceServer(f.server, f)
	pb.RegisterAdminServiceServer(f.server, f)
	pb.RegisterEventServiceServer(f.server, f)
	go f.server.Serve(f.listener)
}

// does says what the next unary calls do, and forgets those that were.
func (f *fake) does(steps ...step) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps, f.calls = steps, nil
}

// seen is a copy of what was seen.
func (f *fake) seen() seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	return seen{
		calls:    slices.Clone(f.calls),
		streamed: slices.Clone(f.streamed),
		from:     slices.Clone(f.from),
		balance:  f.balance,
	}
}

type seen struct {
	calls, streamed [][]uint64
	from            []string
	balance         uint64
}

func (f *fake) addr() string { return f.listener.Addr().String() }

func (f *fake) stop() { f.server.Stop() }

func (f *fake) dial(t testing.TB, opts ...Option) *Client {
	t.Helper()
	client, err := Dial(t.Context(), f.addr(), append([]Option{WithRetry(quick)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// quick is the retry of the tests. An attempt has time enough for a machine that is busy with other
// things.
var quick = Retry{
	Attempts:       5,
	AttemptTimeout: 2 * time.Second,
	BaseBackoff:    5 * time.Millisecond,
	MaxBackoff:     20 * time.Millisecond,
}

func (f *fake) GetStatus(context.Context, *pb.GetStatusRequest) (*pb.GetStatusResponse, error) {
	return &pb.GetStatusResponse{Version: "fake", Accepting: true}, nil
}

func (f *fake) CreateTransfers(
	ctx context.Context, request *pb.CreateTransfersRequest,
) (*pb.CreateTransfersResponse, error) {
	var ids []uint64
	for _, transfer := range request.GetTransfers() {
		ids = append(ids, transfer.GetId().GetLo())
	}
	f.mu.Lock()
	f.calls = append(f.calls, ids)
	does := take(&f.steps)
	f.mu.Unlock()

	response := &pb.CreateTransfersResponse{}
	if does == nil || does.applies {
		for _, transfer := range request.GetTransfers() {
			response.Results = append(response.Results, f.post(transfer))
		}
	}
	if does == nil {
		return response, nil
	}
	if does.garbles {
		return &pb.CreateTransfersResponse{}, nil
	}
	return response, f.finish(ctx, does)
}

func (f *fake) UpdateAccount(ctx context.Context, _ *pb.UpdateAccountRequest) (*pb.UpdateAccountResponse, error) {
	f.mu.Lock()
	f.calls = append(f.calls, nil)
	does := take(&f.steps)
	f.mu.Unlock()
	response := &pb.UpdateAccountResponse{Account: &pb.Account{Id: &pb.Uint128{Lo: 1}}}
	if does == nil {
		return response, nil
	}
	return response, f.finish(ctx, does)
}

func (f *fake) GetTransfers(ctx context.Context, _ *pb.GetTransfersRequest) (*pb.GetTransfersResponse, error) {
	f.mu.Lock()
	f.calls = append(f.calls, nil)
	does := take(&f.steps)
	f.mu.Unlock()
	if does == nil {
		return &pb.GetTransfersResponse{}, nil
	}
	return &pb.GetTransfersResponse{}, f.finish(ctx, does)
}

func (f *fake) finish(ctx context.Context, does *step) error {
	if does.waits > 0 {
		select {
		case <-time.After(does.waits):
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		}
	}
	if does.loses {
		f.listener.breakAll()
		<-ctx.Done()
		return ctx.Err()
	}
	return does.err
}

func (f *fake) StreamTransfers(stream grpc.BidiStreamingServer[pb.NewTransfer, pb.TransferResult]) error {
	f.mu.Lock()
	number := len(f.streamed)
	f.streamed = append(f.streamed, nil)
	does := take(&f.streams)
	f.mu.Unlock()

	for answered := 0; ; {
		if does != nil && answered == does.answers && !does.applies && !does.garbles && does.waits == 0 {
			return f.finish(stream.Context(), does)
		}
		transfer, err := stream.Recv()
		if err != nil {
			return nil
		}
		f.mu.Lock()
		f.streamed[number] = append(f.streamed[number], transfer.GetId().GetLo())
		f.mu.Unlock()
		if does != nil && answered == does.answers {
			if does.applies {
				f.post(transfer)
			}
			if !does.garbles {
				return f.finish(stream.Context(), does)
			}
		}
		result := f.post(transfer)
		if does != nil && does.garbles {
			result = &pb.TransferResult{Id: &pb.Uint128{Lo: transfer.GetId().GetLo() + 1}, Status: result.Status}
		}
		if err := stream.Send(result); err != nil {
			return err
		}
		answered++
	}
}

func (f *fake) Subscribe(request *pb.SubscribeRequest, stream grpc.ServerStreamingServer[pb.EventBatch]) error {
	from := request.GetCursor()
	if request.GetEnd() {
		from = "end"
	}
	f.mu.Lock()
	f.from = append(f.from, from)
	does := take(&f.feeds)
	f.mu.Unlock()
	if does == nil {
		<-stream.Context().Done()
		return status.FromContextError(stream.Context().Err()).Err()
	}
	for _, batch := range does.batches {
		if err := stream.Send(batch); err != nil {
			return err
		}
	}
	if does.loses {
		// What was sent is on its way: give it time to arrive.
		time.Sleep(50 * time.Millisecond)
	}
	return f.finish(stream.Context(), &step{loses: does.loses, err: does.err})
}

func (f *fake) post(transfer *pb.NewTransfer) *pb.TransferResult {
	f.mu.Lock()
	defer f.mu.Unlock()
	id := transfer.GetId().GetLo()
	if known := f.posted[id]; known != nil {
		return &pb.TransferResult{
			Id: known.Id, Status: known.Status, Replayed: true, Sequence: known.Sequence, Amount: known.Amount,
		}
	}
	f.balance += transfer.GetAmount().GetLo()
	result := &pb.TransferResult{
		Id:       transfer.GetId(),
		Status:   pb.TransferStatus_TRANSFER_STATUS_POSTED,
		Sequence: uint64(len(f.posted) + 1),
		Amount:   transfer.GetAmount(),
	}
	f.posted[id] = result
	return result
}

func take[T any](steps *[]T) *T {
	if len(*steps) == 0 {
		return nil
	}
	first := (*steps)[0]
	*steps = (*steps)[1:]
	return &first
}

// said is a status as Florin makes it. A negative wait leaves RetryInfo out.
func said(code codes.Code, reason Reason, retryAfter time.Duration) error {
	made, err := status.New(code, "said the server").WithDetails(
		&errdetails.ErrorInfo{Reason: string(reason), Domain: errorDomain, Metadata: map[string]string{"limit": "7"}})
	if err == nil && retryAfter >= 0 {
		made, err = made.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)})
	}
	if err != nil {
		panic(err)
	}
	return made.Err()
}

// trackingListener can break the connections that it has accepted.
type trackingListener struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (l *trackingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		l.mu.Lock()
		l.conns = append(l.conns, conn)
		l.mu.Unlock()
	}
	return conn, err
}

func (l *trackingListener) breakAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, conn := range l.conns {
		conn.Close()
	}
	l.conns = nil
}
