"""The collector of the kind `modbus_tcp`: one line that is dialled, like `modbus_rtu` and `modbus_rtu_over_tcp`."""

from gateway.collectors.modbus_line import ModbusLine as ModbusTcpCollector

__all__ = ["ModbusTcpCollector"]
