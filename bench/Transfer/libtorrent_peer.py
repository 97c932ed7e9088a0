"""One libtorrent peer in a process of its own, told over standard input what to do and answering a line for each."""

import os
import sys
import libtorrent as lt

# As fast as it goes on one machine: TCP only, nothing encrypted, deep queues, large buffers, threads for disk and hashes.
SETTINGS = lt.high_performance_seed() | {
    "listen_interfaces": "127.0.0.1:0",
    "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.storage_notification | lt.alert.category_t.error_notification,
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "in_enc_policy": 2, "out_enc_policy": 2,
    "allow_multiple_connections_per_ip": True,
    "aio_threads": max(4, os.cpu_count()), "hashing_threads": max(2, os.cpu_count()),
    "max_queued_disk_bytes": 64 << 20,
    "send_buffer_watermark": 8 << 20, "send_buffer_low_watermark": 1 << 20, "send_buffer_watermark_factor": 200,
    "send_socket_buffer_size": 4 << 20, "recv_socket_buffer_size": 4 << 20,
    "max_out_request_queue": 2000, "max_allowed_in_request_queue": 4000, "request_queue_time": 10, "whole_pieces_threshold": 1,
    "smooth_connects": False, "torrent_connect_boost": 255, "tick_interval": 100, "peer_turnover": 0,
    "disk_io_write_mode": 0, "disk_io_read_mode": 0, "file_pool_size": 2000,
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
    parameters.flags = lt.torrent_flags.update_subscribe
    return session.add_torrent(parameters)


def make(path, torrent):
    """A torrent of version 2 only of a file or a folder."""
    files = lt.file_storage()
    lt.add_files(files, path)
    maker = lt.create_torrent(files, 0, lt.create_torrent.v2_only)
    lt.set_piece_hashes(maker, os.path.dirname(path))
    with open(torrent, "wb") as file:
        file.write(lt.bencode(maker.generate()))


def main():
    session = lt.session(SETTINGS)
    for line in sys.stdin:
        match line.rstrip("\n").split("\t"):
            case ["ready"]:
                print("ok", flush=True)
            case ["seed", path, torrent]:
                make(path, torrent)
                handle = add(session, torrent, os.path.dirname(path))
                wait_for(session, lt.torrent_checked_alert)
                if not handle.status().is_seeding:
                    sys.exit("libtorrent: the seed does not have what it shares")
                print(session.listen_port(), flush=True)
            case ["receive", torrent, folder, port]:
                handle = add(session, torrent, folder)
                handle.connect_peer(("127.0.0.1", int(port)))
                wait_for(session, lt.torrent_finished_alert)
                # Finished says that the pieces are right, not yet that the file has them.
                handle.flush_cache()
                wait_for(session, lt.cache_flushed_alert)
                print("ok", flush=True)
            case words:
                sys.exit(f"libtorrent_peer: unknown: {words}")


main()
