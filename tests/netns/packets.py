"""Frames and packets: made by hand for those who may send raw ones, read back by the sniffer."""

import socket
import struct

ETH_IP, ETH_ARP, ETH_IPV6 = 0x0800, 0x0806, 0x86DD
ICMPV6 = socket.IPPROTO_ICMPV6
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def family_of(address):
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _pseudo(source, target, protocol, length):
    family = family_of(source)
    ends = socket.inet_pton(family, source) + socket.inet_pton(family, target)
    if family == socket.AF_INET:
        return ends + struct.pack("!BBH", 0, protocol, length)
    return ends + struct.pack("!IHBB", length, 0, 0, protocol)


def ip(source, target, protocol, payload, hops=64):
    if family_of(source) == socket.AF_INET:
        ends = socket.inet_aton(source) + socket.inet_aton(target)
        head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, hops, protocol, 0) + ends
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload
    ends = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, target)
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, hops) + ends + payload


def udp(source, sport, target, dport, payload):
    bare = struct.pack("!HHHH", sport, dport, 8 + len(payload), 0) + payload
    total = checksum(_pseudo(source, target, 17, len(bare)) + bare) or 0xFFFF
    return ip(source, target, 17, bare[:6] + struct.pack("!H", total) + payload)


def tcp(source, sport, target, dport, flags, sequence=1000, acknowledged=0, payload=b""):
    head = struct.pack("!HHIIBBHHH", sport, dport, sequence, acknowledged, 5 << 4, flags, 8192, 0, 0)
    total = checksum(_pseudo(source, target, 6, len(head) + len(payload)) + head + payload)
    return ip(source, target, 6, head[:16] + struct.pack("!H", total) + head[18:] + payload)


def icmpv6(source, target, kind, code, body, hops=255):
    bare = struct.pack("!BBH", kind, code, 0) + body
    total = checksum(_pseudo(source, target, ICMPV6, len(bare)) + bare)
    return ip(source, target, ICMPV6, bare[:2] + struct.pack("!H", total) + body, hops)


def icmp(source, target, kind, code, body):
    bare = struct.pack("!BBH", kind, code, 0) + body
    return ip(source, target, 1, bare[:2] + struct.pack("!H", checksum(bare)) + body)


def icmp_error(source, quoted):
    """A destination-unreachable (port) about `quoted`, as a router would send it."""
    if quoted[0] >> 4 == 4:
        back = socket.inet_ntoa(quoted[12:16])
        return icmp(source, back, 3, 3, b"\0\0\0\0" + quoted[:28])
    back = socket.inet_ntop(socket.AF_INET6, quoted[8:24])
    return icmpv6(source, back, 1, 4, b"\0\0\0\0" + quoted[:200], hops=64)


class Frame:
    """What the sniffer saw; fields are None where the frame has none."""

    def __init__(self, raw):
        self.raw = raw
        self.ethertype = struct.unpack("!H", raw[12:14])[0]
        self.packet = raw[14:]
        self.source = self.target = self.protocol = self.hops = None
        self.sport = self.dport = self.flags = self.icmp_type = None
        self.payload = b""
        if self.ethertype == ETH_IP and len(self.packet) >= 20:
            self._read_ipv4()
        elif self.ethertype == ETH_IPV6 and len(self.packet) >= 40:
            self._read_ipv6()

    def _read_ipv4(self):
        self.protocol, self.hops = self.packet[9], self.packet[8]
        self.source = socket.inet_ntoa(self.packet[12:16])
        self.target = socket.inet_ntoa(self.packet[16:20])
        total = struct.unpack("!H", self.packet[2:4])[0]
        self._read_transport(self.packet[(self.packet[0] & 15) * 4 : total])

    def _read_ipv6(self):
        self.protocol, self.hops = self.packet[6], self.packet[7]
        self.source = socket.inet_ntop(socket.AF_INET6, self.packet[8:24])
        self.target = socket.inet_ntop(socket.AF_INET6, self.packet[24:40])
        length = struct.unpack("!H", self.packet[4:6])[0]
        rest = self.packet[40 : 40 + length]
        if self.protocol == 0 and len(rest) >= 8:  # hop-by-hop options, as multicast reports have
            self.protocol, rest = rest[0], rest[8 * (rest[1] + 1) :]
        self._read_transport(rest)

    def _read_transport(self, rest):
        if self.protocol in (6, 17, 136) and len(rest) >= 8:
            self.sport, self.dport = struct.unpack("!HH", rest[:4])
        if self.protocol == 6 and len(rest) >= 20:
            self.flags = rest[13]
            self.payload = rest[(rest[12] >> 4) * 4 :]
        elif self.protocol == 17:
            self.payload = rest[8:]
        elif self.protocol in (1, ICMPV6) and rest:
            self.icmp_type = rest[0]
            self.payload = rest[4:]

    def neighbour(self):
        """Whom ARP or neighbour discovery is about, "" for a router solicitation; None: neither."""
        if self.ethertype == ETH_ARP:
            is_reply = self.packet[7] == 2  # which goes to whoever asked, about its sender
            return socket.inet_ntoa(self.packet[14:18] if is_reply else self.packet[24:28])
        if self.protocol != ICMPV6 or self.hops != 255 or self.icmp_type not in (133, 135, 136):
            return None
        return "" if self.icmp_type == 133 else socket.inet_ntop(socket.AF_INET6, self.payload[4:20])

    def is_the_links_own_report(self):
        """A multicast report about groups that the kernel itself joins on every link."""
        if self.icmp_type != 143 or self.protocol != ICMPV6:
            return False
        return self.payload[8:10] == b"\xff\x02"

    def __str__(self):
        if self.protocol is None:
            return f"ethertype {self.ethertype:#06x} {self.raw[14:40].hex()}"
        ports = f" {self.sport}>{self.dport} flags={self.flags}" if self.sport is not None else ""
        kind = f" type {self.icmp_type}" if self.icmp_type is not None else ""
        return f"{self.source} > {self.target} protocol {self.protocol}{kind}{ports} {self.payload[:16]!r}"
