// What Go's encoding/json believes: members by structs, as MCP servers have them, arguments as any. view.h says how that is written.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

type message struct {
	JSONRPC string `json:"jsonrpc"`
	Method  any    `json:"method"`
	ID      any    `json:"id"`
	Params  *struct {
		Name      any `json:"name"`
		URI       any `json:"uri"`
		Arguments any `json:"arguments"`
	} `json:"params"`
}

var replaced = regexp.MustCompile(`(%EF%BF%BD)+`)

func text(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return `"` + replaced.ReplaceAllString(b.String(), "%EF%BF%BD") + `"`
}

func number(n json.Number) string {
	d, _ := strconv.ParseFloat(string(n), 64)
	if d == 0 {
		return "#0"
	}
	if math.Abs(d) >= math.MaxFloat64 {
		if d < 0 {
			return "#-inf"
		}
		return "#inf"
	}
	return "#" + fmt.Sprintf("%.17g", d)
}

func put(v any) string {
	switch v := v.(type) {
	case nil:
		return "n"
	case bool:
		if v {
			return "t"
		}
		return "f"
	case json.Number:
		return number(v)
	case string:
		return text(v)
	case []any:
		s := "["
		for _, e := range v {
			s += put(e)
		}
		return s + "]"
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		sort.Strings(names)
		s := "{"
		for _, name := range names {
			s += text(name) + put(v[name])
		}
		return s + "}"
	}
	return "?"
}

func view(bytes []byte) string {
	var m message
	d := json.NewDecoder(strings.NewReader(string(bytes)))
	d.UseNumber()
	if d.Decode(&m) != nil {
		return "!"
	}
	if m.Params == nil {
		return put(m.Method) + "\t" + put(m.ID) + "\tn\tn\tn"
	}
	return put(m.Method) + "\t" + put(m.ID) + "\t" + put(m.Params.Name) + "\t" + put(m.Params.URI) + "\t" + put(m.Params.Arguments)
}

func main() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		n, _ := strconv.Atoi(strings.TrimSpace(line))
		bytes := make([]byte, n)
		if _, err := io.ReadFull(in, bytes); err != nil {
			return
		}
		fmt.Fprintln(out, view(bytes))
	}
}
