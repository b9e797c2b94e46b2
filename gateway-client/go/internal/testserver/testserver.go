// Package testserver runs the real server for tests, on a data folder of its own.
package testserver

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	readyWithin   = 60 * time.Second
	drainedWithin = 30 * time.Second
	repository    = "../.." // from the Go module
)

// Server is a server that runs.
type Server struct {
	binary, data string
	addr         string
	process      *exec.Cmd
	ended        chan error
	log          lockedBuffer
}

// Start starts a server on a free port. The test is skipped where there is none and none can be built.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{binary: binary(t), data: t.TempDir(), addr: "127.0.0.1:0"}
	s.start(t)
	t.Cleanup(func() {
		if s.process != nil {
			s.Stop(t)
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", s.log.String())
		}
	})
	return s
}

// Addr is where it listens: the same after a restart.
func (s *Server) Addr() string { return s.addr }

// Restart stops the server as an operator would, and starts it again on the same data.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	s.start(t)
}

// Kill ends the server in the middle of whatever it does, and starts it again on the same data.
func (s *Server) Kill(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	s.start(t)
}

// Stop stops the server, which answers what it has taken first.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Errorf("cannot stop the server: %v", err)
	}
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("the server did not stop cleanly: %v", err)
		}
	case <-time.After(drainedWithin):
		t.Errorf("the server did not stop within %v", drainedWithin)
		s.process.Process.Kill()
		<-s.ended
	}
	s.process = nil
}

func (s *Server) start(t testing.TB) {
	t.Helper()
	process := exec.Command(s.binary, "serve", "--data", s.data, "--listen", s.addr)
	// Settings may come from the environment, and those that are there are not for this server.
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "FLORIN_") {
			process.Env = append(process.Env, variable)
		}
	}
	process.Stderr = &s.log
	stdout, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatalf("cannot start %s: %v", s.binary, err)
	}
	s.process, s.ended = process, make(chan error, 1)
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if about, is := strings.CutPrefix(lines.Text(), "ready "); is {
				ready <- about
			}
		}
		s.ended <- process.Wait()
	}()
	select {
	case about := <-ready:
		var parsed struct {
			Listen string `json:"listen"`
		}
		if err := json.Unmarshal([]byte(about), &parsed); err != nil || parsed.Listen == "" {
			t.Fatalf("the server is ready and says %s: %v", about, err)
		}
		s.addr = parsed.Listen
	case err := <-s.ended:
		s.process = nil
		t.Fatalf("the server ended before it was ready: %v\n%s", err, s.log.String())
	case <-time.After(readyWithin):
		t.Fatalf("the server was not ready within %v\n%s", readyWithin, s.log.String())
	}
}

// binary is FLORIN_BIN, or built from this repository.
func binary(t testing.TB) string {
	t.Helper()
	if named := os.Getenv("FLORIN_BIN"); named != "" {
		return named
	}
	built, err := build()
	if err != nil {
		t.Skipf("no server to test against: set FLORIN_BIN to one (%v)", err)
	}
	return built
}

// build builds the server once a process.
var build = sync.OnceValues(func() (string, error) {
	root, err := root()
	if err != nil {
		return "", err
	}
	cargo := os.Getenv("CARGO")
	if cargo == "" {
		cargo = "cargo"
	}
	if _, err := exec.LookPath(cargo); err != nil {
		return "", err
	}
	if _, err := run(root, cargo, "build", "--locked", "-p", "florin-server", "--bin", "florin"); err != nil {
		return "", err
	}
	target, err := run(root, "scripts/target-dir.sh")
	return filepath.Join(strings.TrimSpace(target), "debug", "florin"), err
})

// root is the folder of the repository, from whichever package is tested.
func root() (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", fmt.Errorf("no go.mod above the test")
		}
		folder = parent
	}
	repository := filepath.Join(folder, repository)
	if _, err := os.Stat(filepath.Join(repository, "Cargo.toml")); err != nil {
		return "", fmt.Errorf("this is not Florin's repository: %w", err)
	}
	return repository, nil
}

func run(folder, command string, args ...string) (string, error) {
	process := exec.Command(command, args...)
	process.Dir = folder
	var stdout, stderr bytes.Buffer
	process.Stdout, process.Stderr = &stdout, &stderr
	if err := process.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", command, err, stderr.String())
	}
	return stdout.String(), nil
}

// lockedBuffer keeps what the server says, while it says it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(text)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
