"""The device simulator and the benches; it speaks the real protocol with real TLS and keys."""
