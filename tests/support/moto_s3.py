"""An S3 that lives as long as its standard input is open, filled with the files that are named.

Usage: moto_s3.py BUCKET [KEY=FILE ...]   (prints the port that it listens on)
"""

import os
import sys

os.environ.setdefault("AWS_ACCESS_KEY_ID", "testing")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "testing")
os.environ.setdefault("AWS_DEFAULT_REGION", "us-east-1")

import boto3
from moto.server import ThreadedMotoServer

SERVER = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
SERVER.start()
host, port = SERVER.get_host_and_port()
client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}")
client.create_bucket(Bucket=sys.argv[1])
for given in sys.argv[2:]:
    key, path = given.rsplit("=", 1)
    client.upload_file(path, sys.argv[1], key)
print(port, flush=True)
sys.stdin.read()
SERVER.stop()
