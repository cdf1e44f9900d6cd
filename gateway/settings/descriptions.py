"""What each key of a site file means, in one line of each language, as editors show it."""

from __future__ import annotations

from collections.abc import Mapping

DESCRIPTIONS: Mapping[str, Mapping[str, str]] = {
    "file": {
        "site": "本网关 / this box",
        "collectors": "数据从哪里来 / where readings come from",
        "devices": "上报数据的设备 / the boxes that report",
        "assets": "城市所拥有的设施 / what the city owns",
        "channels": "与设备型号不同之处 / what a channel has otherwise than its profile says",
        "ladders": "每种风险的分级限值 / the limits of each hazard",
        "stores": "数据保存在哪里 / where readings are kept",
    },
    "site": {
        "id": "站点编号，写入每条预警的编号，一经选定不再更改 / stands in the ids of warnings: choose it once",
        "name": "站点名称 / name for people",
        "timezone": "时区，如 Asia/Shanghai / zone of the page's clocks",
        "language": "页面语言 / language of the page",
        "http_host": "页面只在本机可见 / the page has no passwords yet: this machine alone",
        "http_port": "页面端口，0 为任意空闲端口 / port of the page, 0 takes a free one",
    },
    "mqtt": {
        "kind": "MQTT 代理 / an MQTT broker",
        "host": "主机名或地址 / a name or an address alone",
        "port": "端口 / port",
        "client_id": "客户端标识，保持不变 / keep it: the broker stores messages for this name",
        "topics": "主题模板，含一层 {device} / topics, each with one level {device}",
        "qos": "1 不丢数据；0 不在承诺之内 / 1 loses nothing; 0 is outside the promise",
        "in_flight": "未确认时可再发的条数 / messages the broker may send before the first is acknowledged",
        "keepalive_seconds": "心跳间隔 / seconds between signs of life",
        "username": "用户名 / user name",
        "password_env": "存放密码的环境变量名 / environment variable that holds the password",
        "password_file": "存放密码的文件 / file that holds the password",
    },
    "modbustcp": {
        "kind": "Modbus TCP 端点 / a Modbus TCP endpoint",
        "host": "主机名或地址 / a name or an address alone",
        "port": "端口 / port",
        "poll_seconds": "每台设备的采集周期 / every device is read once in that time",
        "timeout_seconds": "超时后断开连接 / after that the link is dropped",
    },
    "asset": {
        "kind": "种类：管道、检查井、桥梁…… / pipe, manhole, bridge, dma ...",
        "lifeline": "所属生命线 / the lifeline it belongs to",
        "name": "名称 / name for people",
        "location": "[经度, 纬度] WGS-84 / [longitude, latitude] in degrees",
        "relations": "与其他设施的关系：near、part_of、upstream_of…… / relation → ids of other assets",
    },
    "device": {
        "profile": "设备型号 / device model, or a file of your own: ./my_meter.yaml",
        "collector": "由哪个采集器采集 / the collector it speaks to",
        "asset": "装在哪个设施上 / the asset it is mounted on",
        "unit": "Modbus 地址 1-255 / Modbus address",
        "report_seconds": "上报周期 / how often it reports, where not as its profile says",
    },
    "channel": {
        "span": "[下限, 上限]，超出者为坏值 / outside it a reading is FAIL",
        "report_seconds": "上报周期 / how often it reports",
        "fresh_seconds": "超过此时长即为迟到数据 / a reading older than this is late",
        "reorder_seconds": "等待乱序数据的时长 / how long to wait for readings out of order",
        "stuck_seconds": "数值不变多久算卡死，null 为不判断 / the same value for so long is a fault, null = never",
        "importance": "磁盘将满时的去留 / what goes last when the disk is full",
        "title": "名称 / name for people",
    },
    "ladder": {
        "quantity": "适用的物理量 / all channels of this quantity",
        "channel": "适用的测点，优先于物理量 / one channel; replaces the quantity's ladder",
        "asset": "派生量所属的设施 / one asset, for a derived quantity",
        "hazard": "风险种类 / what a warning is about",
        "direction": "超过还是低于限值为险 / which side of the limits is dangerous",
        "rungs": "蓝、黄、橙、红各级限值 / limits of blue, yellow, orange, red",
        "deadband": "回落多少才降级 / how far a value must come back",
        "on_seconds": "持续多久才升级 / how long beyond a limit before it counts",
        "off_seconds": "回落多久才解除 / how long back before it ends",
        "ahead_seconds": "提前多久预测越限 / how far ahead a limit is foretold",
        "basis": "限值出处，写入每条预警 / where the numbers are from; stands in every warning",
    },
    "stores": {
        "journal": "可靠缓冲 / the durable buffer",
        "history": "本机历史库 / the embedded history",
        "influxdb": "InfluxDB 2，可选 / InfluxDB 2, if there is one",
    },
    "journal": {
        "cap_bytes": "总容量上限 / all of it; at the cap devices and brokers wait",
        "segment_bytes": "单个文件大小 / size of one file",
        "reserve_bytes": "磁盘写满时释放的预留 / set free when the disk is full",
        "flush_seconds": "落盘间隔 / a reading is on disk after this",
        "flush_readings": "或攒够这么多条 / or when so many wait",
        "quarantine_bytes": "无法解析的数据保留多少 / what could not be understood is kept up to this",
        "readers": "须等待的读者 / the readers that hold the journal back",
        "storage": "flash 每秒写盘一次，保护存储卡 / flash: one commit a second",
    },
    "history": {
        "cap_bytes": "总容量上限，最旧的先删 / the oldest goes first",
    },
    "influxdb": {
        "url": "地址，如 http://192.168.30.5:8086 / its address",
        "org": "组织 / organisation",
        "bucket": "存储桶 / bucket",
        "token_env": "存放令牌的环境变量名 / environment variable that holds the token",
        "token_file": "存放令牌的文件 / file that holds the token",
        "batch_points": "每次写入的点数 / points a request",
        "timeout_seconds": "等待应答的时长 / how long to wait for an answer",
    },
}
"""Part → key → what it means; parts are the classes of `gateway.settings.written`."""
