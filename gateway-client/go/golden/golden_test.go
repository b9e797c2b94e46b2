// Package golden_test keeps the golden messages of proto/golden: the same messages as bytes and as
// protobuf JSON, which every client reads and writes in its own language.
//
//	go test ./golden            compares
//	go test ./golden -update    writes the files anew
package golden_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const folder = "../../../proto/golden"

var update = flag.Bool("update", false, "write the golden messages anew")

// TestGolden reads each file in both forms and writes it in both: bytes and JSON must come out as
// they stand there.
func TestGolden(t *testing.T) {
	if _, err := os.Stat(filepath.Dir(folder)); err != nil {
		t.Skip("the golden messages are in Florin's repository, and this is the module alone")
	}
	if *update {
		write(t)
	}
	names := goldenNames(t)
	if want := caseNames(); !slices.Equal(names, want) {
		t.Fatalf("files %v, want %v", names, want)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			wantBytes := read(t, name+".bin")
			wantJSON := read(t, name+".json")

			fromBytes := newMessage(t, name)
			if err := proto.Unmarshal(wantBytes, fromBytes); err != nil {
				t.Fatalf("bytes: %v", err)
			}
			if len(fromBytes.ProtoReflect().GetUnknown()) > 0 {
				t.Error("the bytes have fields that this message does not know")
			}
			fromJSON := newMessage(t, name)
			if err := protojson.Unmarshal(wantJSON, fromJSON); err != nil {
				t.Fatalf("JSON: %v", err)
			}

			if got := toBytes(t, fromJSON); !bytes.Equal(got, wantBytes) {
				t.Errorf("JSON to bytes:\n got %x\nwant %x", got, wantBytes)
			}
			if got := toBytes(t, fromBytes); !bytes.Equal(got, wantBytes) {
				t.Errorf("bytes to bytes:\n got %x\nwant %x", got, wantBytes)
			}
			if got := toJSON(t, fromBytes); !bytes.Equal(got, wantJSON) {
				t.Errorf("bytes to JSON:\n got %s\nwant %s", got, wantJSON)
			}
			if want := caseMessage(name); !proto.Equal(fromBytes, want) {
				t.Errorf("bytes to message:\n got %v\nwant %v", fromBytes, want)
			}
		})
	}
}

// TestEveryNumberIsCovered: of the messages with golden files, every field stands in one of them, so
// that a field whose number or type has changed cannot hide.
func TestEveryNumberIsCovered(t *testing.T) {
	seen := map[protoreflect.FullName]bool{}
	types := map[protoreflect.FullName]protoreflect.MessageDescriptor{}
	for _, c := range cases {
		note(c.message.ProtoReflect(), seen, types)
	}
	for _, descriptor := range types {
		for i := range descriptor.Fields().Len() {
			if field := descriptor.Fields().Get(i); !seen[field.FullName()] {
				t.Errorf("%s is in no golden message", field.FullName())
			}
		}
	}
}

func note(m protoreflect.Message, seen map[protoreflect.FullName]bool, types map[protoreflect.FullName]protoreflect.MessageDescriptor) {
	types[m.Descriptor().FullName()] = m.Descriptor()
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		seen[field.FullName()] = true
		switch {
		case field.IsMap() || field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				note(value.List().Get(i).Message(), seen, types)
			}
		default:
			note(value.Message(), seen, types)
		}
		return true
	})
}

func write(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range goldenNames(t) {
		for _, ending := range []string{".bin", ".json"} {
			if err := os.Remove(filepath.Join(folder, name+ending)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range cases {
		path := filepath.Join(folder, fileName(c.name, c.message))
		for ending, content := range map[string][]byte{
			".bin":  toBytes(t, c.message),
			".json": toJSON(t, c.message),
		} {
			if err := os.WriteFile(path+ending, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func fileName(name string, message proto.Message) string {
	return string(message.ProtoReflect().Descriptor().FullName()) + "." + name
}

func caseNames() []string {
	var names []string
	for _, c := range cases {
		names = append(names, fileName(c.name, c.message))
	}
	slices.Sort(names)
	return names
}

func caseMessage(name string) proto.Message {
	for _, c := range cases {
		if fileName(c.name, c.message) == name {
			return c.message
		}
	}
	return nil
}

func goldenNames(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.bin"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".bin"))
	}
	slices.Sort(names)
	return names
}

func newMessage(t *testing.T, name string) proto.Message {
	t.Helper()
	typeName := protoreflect.FullName(name).Parent()
	found, err := protoregistry.GlobalTypes.FindMessageByName(typeName)
	if err != nil {
		t.Fatal(err)
	}
	return found.New().Interface()
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// toBytes writes fields in ascending order, as other languages do. Go itself writes those of a oneof
// last, which every reader takes just as well.
func toBytes(t *testing.T, message proto.Message) []byte {
	t.Helper()
	content, err := proto.MarshalOptions{Deterministic: true}.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	return ascending(t, message.ProtoReflect().Descriptor(), content)
}

func ascending(t *testing.T, descriptor protoreflect.MessageDescriptor, content []byte) []byte {
	t.Helper()
	type field struct {
		number  protowire.Number
		content []byte
	}
	var fields []field
	for len(content) > 0 {
		number, wireType, tagLen := protowire.ConsumeTag(content)
		valueLen := protowire.ConsumeFieldValue(number, wireType, content[tagLen:])
		if err := protowire.ParseError(min(tagLen, valueLen)); err != nil {
			t.Fatal(err)
		}
		whole := content[:tagLen+valueLen]
		if inner := descriptor.Fields().ByNumber(number).Message(); inner != nil {
			value, _ := protowire.ConsumeBytes(whole[tagLen:])
			whole = protowire.AppendBytes(slices.Clone(whole[:tagLen]), ascending(t, inner, value))
		}
		fields = append(fields, field{number, whole})
		content = content[tagLen+valueLen:]
	}
	slices.SortStableFunc(fields, func(a, b field) int { return int(a.number) - int(b.number) })
	var sorted []byte
	for _, f := range fields {
		sorted = append(sorted, f.content...)
	}
	return sorted
}

// toJSON indents by itself: protojson puts in a blank at random, so that nobody relies on its text.
func toJSON(t *testing.T, message proto.Message) []byte {
	t.Helper()
	content, err := protojson.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, content, "", "  "); err != nil {
		t.Fatal(err)
	}
	indented.WriteByte('\n')
	return indented.Bytes()
}
