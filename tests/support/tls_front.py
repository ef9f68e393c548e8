"""TLS in front of a plain port, with a certificate of an authority that nobody knows.

Usage: tls_front.py FOLDER PORT   (writes FOLDER/ca.pem, prints the port that it listens on)
"""

import datetime
import pathlib
import socket
import ssl
import sys
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FOLDER, BEHIND = pathlib.Path(sys.argv[1]), int(sys.argv[2])
NOW = datetime.datetime.now(datetime.timezone.utc)


def named(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def signed(subject, key, issuer, issuer_key, extensions):
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(subject))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - datetime.timedelta(days=1))
        .not_valid_after(NOW + datetime.timedelta(days=1))
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


CA_KEY, KEY = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
CA = signed("test authority", CA_KEY, "test authority", CA_KEY,
            [(x509.BasicConstraints(ca=True, path_length=None), True)])
CERTIFICATE = signed(
    "localhost", KEY, "test authority", CA_KEY,
    [
        (x509.SubjectAlternativeName([x509.DNSName("localhost")]), False),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ],
)
(FOLDER / "ca.pem").write_bytes(pem(CA))
CHAIN = FOLDER / "server.pem"
CHAIN.write_bytes(
    KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    + pem(CERTIFICATE)
)
CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(CHAIN)


def carry(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def serve(plain):
    try:
        client = CONTEXT.wrap_socket(plain, server_side=True)
    except (ssl.SSLError, OSError):
        return
    behind = socket.create_connection(("127.0.0.1", BEHIND))
    answer = threading.Thread(target=carry, args=(behind, client), daemon=True)
    answer.start()
    question = threading.Thread(target=carry, args=(client, behind), daemon=True)
    question.start()
    answer.join()
    try:
        client.unwrap()
    except (ssl.SSLError, OSError, ValueError):
        pass
    client.close()


LISTENER = socket.create_server(("127.0.0.1", 0))


def accept():
    while True:
        plain, _ = LISTENER.accept()
        threading.Thread(target=serve, args=(plain,), daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
print(LISTENER.getsockname()[1], flush=True)
# It lives as long as its standard input is open.
sys.stdin.read()
