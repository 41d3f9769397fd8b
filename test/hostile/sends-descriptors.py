"""sends-descriptors.py PATH HEX COUNT [HEX COUNT]...: connects, sends pieces of bytes with as many
descriptors each, and prints what it is answered until the end of the stream, in hex."""

import os
import socket
import sys

path, pieces = sys.argv[1], sys.argv[2:]
peer = socket.socket(socket.AF_UNIX)
peer.connect(path)
null = os.open('/dev/null', os.O_RDONLY)
answer = b''
try:
    for data, count in zip(pieces[::2], pieces[1::2]):
        socket.send_fds(peer, [bytes.fromhex(data)], [null] * int(count))
    while part := peer.recv(4096):
        answer += part
except ConnectionError:
    pass
print(answer.hex())
