package florin

import (
	"context"
	"net"
	"strconv"
	"strings"
	"time"

	pb "florin.dev/gateway-client/go/florinv1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

const userAgent = "florin-go/0.1.0"

// Client is a connection to a Florin server. It is safe for use by many goroutines at once; make one
// and share it, so that their payments share a stream.
type Client struct {
	conn     *grpc.ClientConn
	ledger   pb.LedgerServiceClient
	payments pb.PaymentServiceClient
	events   pb.EventServiceClient
	admin    pb.AdminServiceClient
	streamer *streamer
	deadline time.Duration
	retry    Retry
}

// Dial connects to a server, "127.0.0.1:7411" for example, once; a connection that is lost later is
// made again when it is needed. It fails with UNREACHABLE if there is no server, and with
// ENDPOINT_INVALID or OPTION_INVALID before anything is sent.
func Dial(ctx context.Context, addr string, opts ...Option) (*Client, error) {
	options := options{deadline: 10 * time.Second, retry: DefaultRetry()}
	for _, opt := range opts {
		opt(&options)
	}
	if err := options.retry.check(); err != nil {
		return nil, err
	}
	if options.deadline <= 0 {
		return nil, invalidOption("the deadline is longer than zero")
	}
	target, err := target(addr)
	if err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(target, dialOptions(&options)...)
	if err != nil {
		return nil, &Error{Reason: ReasonEndpointInvalid, Message: addr, Cause: err}
	}
	c := &Client{
		conn:     conn,
		ledger:   pb.NewLedgerServiceClient(conn),
		payments: pb.NewPaymentServiceClient(conn),
		events:   pb.NewEventServiceClient(conn),
		admin:    pb.NewAdminServiceClient(conn),
		deadline: options.deadline,
		retry:    options.retry,
	}
	c.streamer = newStreamer(c)
	if !options.lazy {
		if err := c.connect(ctx); err != nil {
			c.Close()
			return nil, err
		}
	}
	return c, nil
}

// connect asks for the status, once. Any answer will do: somebody is there.
func (c *Client) connect(ctx context.Context) error {
	ctx, cancel := c.withDeadline(ctx)
	defer cancel()
	_, f := attempt(ctx, c.retry.AttemptTimeout, &pb.GetStatusRequest{}, c.admin.GetStatus)
	if f == nil {
		return nil
	}
	switch ReasonOf(f.err) {
	case ReasonUnreachable, ReasonConnectionLost, ReasonDeadlineExceeded, ReasonCanceled:
		return f.err
	default:
		return nil
	}
}

// Close ends the connection. Calls that are running end, those that may have been applied with
// OUTCOME_UNKNOWN.
func (c *Client) Close() error {
	c.streamer.close()
	return c.conn.Close()
}

// target is what gRPC makes of host:port.
func target(addr string) (string, error) {
	invalid := func(message string) error {
		return &Error{Reason: ReasonEndpointInvalid, Message: strconv.Quote(addr) + " " + message}
	}
	hostPort := addr
	if scheme, rest, has := strings.Cut(addr, "://"); has {
		if scheme != "http" {
			return "", invalid("must begin with http:// or with nothing")
		}
		hostPort = strings.TrimSuffix(rest, "/")
	}
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil || host == "" || strings.ContainsAny(host, " /") {
		return "", invalid("is not host:port")
	}
	if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return "", invalid("has a port that is not 1 to 65535")
	}
	return "dns:///" + hostPort, nil
}

func dialOptions(options *options) []grpc.DialOption {
	// gRPC itself would wait up to two minutes before it connects again.
	reconnect := backoff.Config{
		BaseDelay:  max(options.retry.BaseBackoff, time.Millisecond),
		Multiplier: 1.6,
		Jitter:     0.2,
		MaxDelay:   max(options.retry.MaxBackoff, time.Millisecond),
	}
	dial := []grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUserAgent(userAgent),
		grpc.WithStatsHandler(wayHandler{}),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(answerBytes)),
		grpc.WithInitialWindowSize(1 << 20),
		grpc.WithInitialConnWindowSize(4 << 20),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           reconnect,
			MinConnectTimeout: min(options.retry.AttemptTimeout, options.deadline),
		}),
		// A connection that is silent for this long is asked whether it is alive.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
	}
	return append(dial, options.grpc...)
}
