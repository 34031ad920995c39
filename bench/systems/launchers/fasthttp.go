// fasthttp with and without its prefork, serving what ../../apps serves.
//
//	fasthttp -app hello -addr 127.0.0.1:8080 [-prefork]
package main

import (
	"crypto/tls"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/prefork"
)

type stock struct {
	Here  int `json:"here"`
	There int `json:"there"`
}

type item struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Price float64  `json:"price"`
	Tags  []string `json:"tags"`
	Stock stock    `json:"stock"`
}

func items() []item {
	list := make([]item, 20)
	for id := range list {
		list[id] = item{id, fmt.Sprintf("item %d", id), float64(id) * 1.25, []string{"a", "b", "c"}, stock{id, 0}}
	}
	return list
}

func answer(ctx *fasthttp.RequestCtx, value interface{}) {
	ctx.SetContentType("application/json")
	if err := json.NewEncoder(ctx).Encode(value); err != nil {
		ctx.Error(err.Error(), fasthttp.StatusInternalServerError)
	}
}

var handlers = map[string]fasthttp.RequestHandler{
	"hello": func(ctx *fasthttp.RequestCtx) { ctx.WriteString("Hello, World!") },
	"tls":   func(ctx *fasthttp.RequestCtx) { ctx.WriteString("Hello, World!") },
	"timer": func(ctx *fasthttp.RequestCtx) { time.Sleep(100 * time.Millisecond) },
	"json":  func(ctx *fasthttp.RequestCtx) { answer(ctx, map[string]interface{}{"items": items()}) },
	"post": func(ctx *fasthttp.RequestCtx) {
		var numbers []int
		if err := json.Unmarshal(ctx.PostBody(), &numbers); err != nil {
			ctx.Error(err.Error(), fasthttp.StatusBadRequest)
			return
		}
		sum := 0
		for _, number := range numbers {
			sum += number
		}
		answer(ctx, map[string]int{"count": len(numbers), "sum": sum})
	},
}

func main() {
	app := flag.String("app", "hello", "which application")
	addr := flag.String("addr", "127.0.0.1:8080", "where to listen")
	preforked := flag.Bool("prefork", false, "one process a core")
	flag.Parse()

	server := &fasthttp.Server{Handler: handlers[*app]}
	serve := server.Serve
	if *app == "tls" {
		serve = func(listener net.Listener) error { return server.Serve(secured(listener)) }
	}
	if !*preforked {
		listener, err := net.Listen("tcp4", *addr)
		if err != nil {
			log.Fatal(err)
		}
		log.Fatal(serve(listener))
	}
	wrapped := prefork.New(server)
	wrapped.ServeFunc = serve
	// Its fastest form on Linux; and a threshold that lets it survive the bench's kills, by default half the cores.
	wrapped.Reuseport = true
	wrapped.RecoverThreshold = 1000
	log.Fatal(wrapped.ListenAndServe(*addr))
}

// A full handshake for each connection, as in the other systems.
func secured(listener net.Listener) net.Listener {
	pair, err := tls.LoadX509KeyPair(os.Getenv("BENCH_TLS_CERT"), os.Getenv("BENCH_TLS_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	return tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, SessionTicketsDisabled: true})
}
