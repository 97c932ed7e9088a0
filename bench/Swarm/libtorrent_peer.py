"""One libtorrent peer, told over standard input what to do: make, add, receive. BitTorrent v2, plaintext, tuned for one fast swarm."""
import sys
import libtorrent as lt


def answer(line):
    print(line, flush=True)


address, port = sys.argv[1], int(sys.argv[2])
session = lt.session({
    "listen_interfaces": f"{address}:{port}",
    "enable_dht": False, "enable_lsd": False, "enable_upnp": False, "enable_natpmp": False,
    "enable_incoming_utp": False, "enable_outgoing_utp": False,
    "in_enc_policy": 2, "out_enc_policy": 2,  # plaintext
    "choking_algorithm": 0, "unchoke_slots_limit": -1,
    "connections_limit": 1000, "connection_speed": 500, "smooth_connects": False,
    "min_reconnect_time": 1, "peer_connect_timeout": 3,
    "max_out_request_queue": 1500, "max_allowed_in_request_queue": 4000, "request_queue_time": 1,
    "mixed_mode_algorithm": 0, "allow_multiple_connections_per_ip": False,
    "alert_mask": lt.alert.category_t.status_notification | lt.alert.category_t.error_notification,
})
handle = None
for line in sys.stdin:
    word, _, rest = line.strip().partition(" ")
    if word == "make":
        content, piece, torrent = rest.split(" ")
        storage = lt.file_storage()
        lt.add_files(storage, content)
        creator = lt.create_torrent(storage, int(piece), flags=lt.create_torrent_flags_t.v2_only)
        lt.set_piece_hashes(creator, content.rsplit("/", 1)[0])
        with open(torrent, "wb") as file:
            file.write(lt.bencode(creator.generate()))
    elif word == "add":
        torrent, folder = rest.split(" ")
        parameters = lt.add_torrent_params()
        parameters.ti = lt.torrent_info(torrent)
        parameters.save_path = folder
        parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        handle = session.add_torrent(parameters)
        while handle.status().state in (lt.torrent_status.checking_files, lt.torrent_status.checking_resume_data):
            session.wait_for_alert(20)
            session.pop_alerts()
    elif word == "receive":
        for peer in rest.split(" "):
            handle.connect_peer((peer, port))
        while not handle.status().is_seeding:
            session.wait_for_alert(50)
            session.pop_alerts()
    answer("ok")
