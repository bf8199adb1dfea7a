"""A mail server (aiosmtpd): prints its port, keeps each mail as a line of JSON, and misbehaves when a file asks for it.

smtp.py FOLDER [CERTIFICATE KEY]   with a certificate, mail is taken after STARTTLS only
"""
import asyncio
import json
import os
import ssl
import sys

from aiosmtpd.controller import UnthreadedController

folder = sys.argv[1]


def asked(word):
    return os.path.exists(os.path.join(folder, word))


class Keep:
    async def handle_DATA(self, server, session, envelope):
        if asked("refuse"):
            return "451 4.3.0 try again later"
        line = json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "mail": envelope.content.decode("utf-8"),
        })
        with open(os.path.join(folder, "mails"), "a") as mails:
            mails.write(line + "\n")
        while asked("stall"):
            await asyncio.sleep(0.05)
        return "250 2.0.0 taken"


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
options = {}
if len(sys.argv) > 2:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    options = {"tls_context": context, "require_starttls": True}
controller = UnthreadedController(Keep(), hostname="127.0.0.1", port=0, loop=loop, **options)
controller.begin()
print(controller.server.sockets[0].getsockname()[1], flush=True)
loop.run_forever()
