"""A name server for one name, whose addresses change while callers use it."""

import socket
import struct
import threading

TTL_S = 1


class NameServer:
    """with NameServer() as names: names.addresses = ["127.0.0.1"]; ... names.port ..."""

    def __init__(self):
        self.addresses = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *unused):
        # An empty datagram ends it.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            query, sender = self.socket.recvfrom(4096)
            if not query:
                return
            self.socket.sendto(self._answer(query), sender)

    def _answer(self, query):
        """All addresses for type A, nothing for others (RFC 1035, section 4)."""
        end = query.index(b"\0", 12) + 5
        kind = struct.unpack("!H", query[end - 4:end - 2])[0]
        addresses = list(self.addresses) if kind == 1 else []
        header = query[:2] + struct.pack("!HHHHH", 0x8580, 1, len(addresses), 0, 0)
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, TTL_S, 4)
                           + socket.inet_aton(address) for address in addresses)
        return header + query[12:end] + records
