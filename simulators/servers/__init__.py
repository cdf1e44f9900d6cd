"""Real servers on loopback: brokers as child processes, Modbus TCP in a thread of its own."""
