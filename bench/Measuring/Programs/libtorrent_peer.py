"""One libtorrent peer in a process of its own: libtorrent_peer.py PROFILE ADDRESS PORT.

What it does it reads from standard input, words of a line parted by tabs, and answers a line for each.
"""

import os
import sys
import libtorrent as lt

COMMON = {
    "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.storage_notification | lt.alert.category_t.error_notification,
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "in_enc_policy": 2, "out_enc_policy": 2,  # plaintext
    "smooth_connects": False,
}
PROFILES = {
    # As fast as it can be on one machine: deep queues, large buffers, threads for disk and hashes.
    "loopback": lt.high_performance_seed() | {
        "allow_multiple_connections_per_ip": True,
        "aio_threads": max(4, os.cpu_count()), "hashing_threads": max(2, os.cpu_count()),
        "max_queued_disk_bytes": 64 << 20,
        "send_buffer_watermark": 8 << 20, "send_buffer_low_watermark": 1 << 20, "send_buffer_watermark_factor": 200,
        "send_socket_buffer_size": 4 << 20, "recv_socket_buffer_size": 4 << 20,
        "max_out_request_queue": 2000, "max_allowed_in_request_queue": 4000, "request_queue_time": 10, "whole_pieces_threshold": 1,
        "torrent_connect_boost": 255, "tick_interval": 100, "peer_turnover": 0,
        "disk_io_write_mode": 0, "disk_io_read_mode": 0, "file_pool_size": 2000,
    },
    # One source at the other end of a long line: as much requested and in the socket as the line has in flight, and the kernel sizes
    # the socket's buffers.
    "line": {
        "choking_algorithm": 0, "unchoke_slots_limit": -1, "mixed_mode_algorithm": 0,
        "max_out_request_queue": 4000, "max_allowed_in_request_queue": 8000, "request_queue_time": 3,
        "send_buffer_watermark": 16 << 20, "send_buffer_low_watermark": 1 << 20, "send_buffer_watermark_factor": 200,
        "max_queued_disk_bytes": 64 << 20, "aio_threads": max(4, os.cpu_count()), "hashing_threads": max(2, os.cpu_count()),
        "disk_io_write_mode": 0, "disk_io_read_mode": 0, "torrent_connect_boost": 255, "tick_interval": 100, "peer_turnover": 0,
    },
    # One fast swarm of many peers.
    "swarm": {
        "choking_algorithm": 0, "unchoke_slots_limit": -1,
        "connections_limit": 1000, "connection_speed": 500,
        "min_reconnect_time": 1, "peer_connect_timeout": 3,
        "max_out_request_queue": 1500, "max_allowed_in_request_queue": 4000, "request_queue_time": 1,
        "mixed_mode_algorithm": 0, "allow_multiple_connections_per_ip": False,
    },
}


def wait_for(session, kind):
    while True:
        session.wait_for_alert(1000)
        for alert in session.pop_alerts():
            if isinstance(alert, (lt.torrent_error_alert, lt.file_error_alert, lt.listen_failed_alert)):
                sys.exit(f"libtorrent: {alert.message()}")
            if isinstance(alert, kind):
                return


def add(session, torrent, folder):
    parameters = lt.add_torrent_params()
    parameters.ti = lt.torrent_info(torrent)
    parameters.save_path = folder
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    return session.add_torrent(parameters)


def make(path, torrent, piece_length):
    """A torrent of version 2 only of a file or a folder."""
    files = lt.file_storage()
    lt.add_files(files, path)
    maker = lt.create_torrent(files, piece_length, lt.create_torrent.v2_only)
    lt.set_piece_hashes(maker, os.path.dirname(path))
    with open(torrent, "wb") as file:
        file.write(lt.bencode(maker.generate()))


def main():
    profile, address, port = sys.argv[1:]
    session = lt.session(COMMON | PROFILES[profile] | {"listen_interfaces": f"{address}:{port}"})
    handle = None
    for line in sys.stdin:
        match line.rstrip("\n").split("\t"):
            case ["port"]:
                print(session.listen_port(), flush=True)
            case ["seed", path, torrent, piece_length]:
                make(path, torrent, int(piece_length))
                handle = add(session, torrent, os.path.dirname(path))
                wait_for(session, lt.torrent_checked_alert)
                if not handle.status().is_seeding:
                    sys.exit("libtorrent: the seed does not have what it shares")
                print("ok", flush=True)
            case ["add", torrent, folder]:
                handle = add(session, torrent, folder)
                wait_for(session, lt.torrent_checked_alert)
                print("ok", flush=True)
            case ["receive", torrent, folder, *sources]:
                handle = handle or add(session, torrent, folder)
                for source in sources:
                    host, port = source.split(":")
                    handle.connect_peer((host, int(port)))
                wait_for(session, lt.torrent_finished_alert)
                # Finished means that the pieces are right, not yet that the file has them.
                handle.flush_cache()
                wait_for(session, lt.cache_flushed_alert)
                print("ok", flush=True)
            case words:
                sys.exit(f"libtorrent_peer: unknown: {words}")


main()
