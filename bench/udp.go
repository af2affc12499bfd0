// The jobs in Go. Takes the same arguments as the programs in C, and prints the same lines; the
// core to run on is set by whoever starts it.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

const (
	tick     = 64 // datagrams between two looks at the clock
	watchdog = 20 * time.Second
)

var (
	length       = flag.Int("length", 64, "bytes of payload")
	port         = flag.Int("port", 0, "of the peer")
	destinations = flag.Int("destinations", 1000, "addresses to send to")
	warmUp       = flag.Int("warm-up-ms", 100, "before the window")
	window       = flag.Int("window-ms", 300, "of counting")
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// ---- counting in a window, as meter.c does ----

type counts struct {
	now       time.Time
	cpu       time.Duration
	datagrams uint64
	lost      uint64
}

type meter struct {
	role                      string
	phase                     int
	phaseEnd                  time.Time
	start                     counts
	datagrams, lost, expected uint64
	disordered, wrong         uint64
}

func cpu() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func (m *meter) mark(now time.Time) counts { return counts{now, cpu(), m.datagrams, m.lost} }

func (m *meter) print(now time.Time) {
	end := m.mark(now)
	fmt.Printf(`{"role": "%s", "datagrams": %d, "ns": %d, "cpu_ns": %d, `+
		`"lost": %d, "disordered": %d, "wrong": %d}`+"\n",
		m.role, end.datagrams-m.start.datagrams, end.now.Sub(m.start.now), end.cpu-m.start.cpu,
		end.lost-m.start.lost, m.disordered, m.wrong)
}

func (m *meter) tick() {
	if m.phase == 3 {
		return
	}
	now := time.Now()
	if m.phase > 0 && now.Before(m.phaseEnd) {
		return
	}
	switch m.phase {
	case 0:
		m.phaseEnd = now.Add(time.Duration(*warmUp) * time.Millisecond)
	case 1:
		m.phaseEnd = now.Add(time.Duration(*window) * time.Millisecond)
		m.start = m.mark(now)
	case 2:
		m.print(now)
	}
	m.phase++
}

func (m *meter) count() {
	m.datagrams++
	if m.datagrams%tick == 0 {
		m.tick()
	}
}

func (m *meter) write(bytes []byte) {
	for i := range bytes {
		bytes[i] = 'x'
	}
	binary.LittleEndian.PutUint64(bytes, m.datagrams)
	m.count()
}

func (m *meter) read(bytes []byte) {
	var number uint64
	if len(bytes) >= 8 {
		number = binary.LittleEndian.Uint64(bytes)
	}
	if len(bytes) != *length {
		m.wrong++
	}
	if number > m.expected {
		m.lost += number - m.expected
	} else if number < m.expected {
		m.disordered++
	}
	m.expected = number + 1
	m.count()
}

// ---- roles ----

func open() *net.UDPConn {
	socket, err := net.ListenUDP("udp4", nil)
	check(err)
	return socket
}

func listen() *net.UDPConn {
	socket := open()
	fmt.Printf(`{"port": %d}`+"\n", socket.LocalAddr().(*net.UDPAddr).Port)
	return socket
}

func send(m *meter, count int) {
	socket := open()
	bytes := make([]byte, *length)
	peers := make([]netip.AddrPort, count)
	for i := range peers {
		last := i + 1
		address := netip.AddrFrom4([4]byte{127, 0, byte(last >> 8), byte(last)})
		peers[i] = netip.AddrPortFrom(address, uint16(*port))
	}
	for i := 0; ; i = (i + 1) % count {
		m.write(bytes)
		_, err := socket.WriteToUDPAddrPort(bytes, peers[i])
		check(err)
	}
}

func receive(m *meter, answer bool) {
	socket := listen()
	bytes := make([]byte, 65536)
	for {
		n, from, err := socket.ReadFromUDPAddrPort(bytes)
		check(err)
		if !answer {
			m.read(bytes[:n])
			continue
		}
		_, err = socket.WriteToUDPAddrPort(bytes[:n], from)
		check(err)
		m.count()
	}
}

func main() {
	if len(os.Args) < 2 {
		check(fmt.Errorf("usage: %s send|fan-out|receive|reply [--OPTION=N]...", os.Args[0]))
	}
	check(flag.CommandLine.Parse(os.Args[2:]))
	time.AfterFunc(watchdog, func() { os.Exit(1) })
	m := &meter{role: os.Args[1]}
	switch m.role {
	case "send":
		send(m, 1)
	case "fan-out":
		send(m, *destinations)
	case "receive":
		receive(m, false)
	case "reply":
		receive(m, true)
	default:
		check(fmt.Errorf("there is no role %s", m.role))
	}
}
