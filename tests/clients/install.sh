#!/bin/sh
# The calendar programs that tests/clients drives and the browser of tests/pages, from Debian's packages. Where one
# cannot be had, its tests are skipped with a sentence, so this never fails.
PROGRAMS="thunderbird thunderbird-l10n-fr calcurse khal evolution-data-server gir1.2-ecal-2.0 python3-gi dbus
    chromium fonts-liberation"
missing=""
for one in $PROGRAMS; do
    dpkg -s "$one" >/dev/null 2>&1 || missing="$missing $one"
done
[ -z "$missing" ] && exit 0
if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "Sans Debian ou sans être root, rien n'est installé : $missing"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update || exit 0
for one in $missing; do # one by one: what cannot be had keeps none of the others away
    apt-get -qq install -y --no-install-recommends "$one" >/dev/null ||
        echo "Pas installé, ses tests ne seront pas joués : $one"
done
