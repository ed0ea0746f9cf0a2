"""Keeps a program from waiting for a tracking server of MLflow that it names and that is not there (docs/mlflow.md).

It is run right before the first import of mlflow. Metrics come by MLflow's own protocol, from the address in MLFLOW_TRACKING_URI; this
only looks at what set_tracking_uri is given. Of mlflow it needs that function, which has been in
mlflow.tracking._tracking_service.utils since version 1.
"""

import os
import socket
import threading
import urllib.parse
import urllib.request

OURS = os.environ.get("KAON_MLFLOW", "")
WAIT = 5  # seconds
REACHED = {}  # why not, by address; "": it is


def unreached(uri):
    """Why a server cannot be connected to; empty: it can, or that is not to be known from here."""
    address = urllib.parse.urlsplit(uri)
    if address.scheme not in ("http", "https") or not address.hostname:
        return ""
    if address.scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(address.hostname):
        return ""
    said = []

    def connect():
        try:
            port = address.port or (443 if address.scheme == "https" else 80)
            socket.create_connection((address.hostname, port), timeout=WAIT).close()
            said.append("")
        except Exception as error:
            said.append(str(error) or type(error).__name__)

    asking = threading.Thread(target=connect, daemon=True)  # names may take their time, too
    asking.start()
    asking.join(WAIT)
    return said[0] if said else "no answer within %d s" % WAIT


def patch_utils(module):
    def set_tracking_uri(original, uri, *args, **kwargs):
        def look():
            if uri not in REACHED:
                REACHED[uri] = unreached(uri)
                if REACHED[uri]:
                    server = urllib.parse.urlsplit(uri)
                    sys.stderr.write("kaon: the tracking server %s://%s that the program names is not reached (%s): what is logged to MLflow goes to kaon\n"
                                     % (server.scheme, server.netloc.rpartition("@")[2], REACHED[uri]))

        if OURS and isinstance(uri, str) and uri != OURS:
            safely(look)
            if REACHED.get(uri):
                uri = OURS
        return original(uri, *args, **kwargs)

    wrap(module, "set_tracking_uri", set_tracking_uri)


if OURS:
    patch_when_loaded({"mlflow.tracking._tracking_service.utils": patch_utils})
