"""The device simulator and the benches; they speak the real protocol with real TLS and keys."""
