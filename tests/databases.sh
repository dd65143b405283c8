#!/bin/sh
# MariaDB for the tests of database dumps: installed from Debian when there is none and we may. PostgreSQL is a wheel.
set -e
[ -x /usr/sbin/mariadbd ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "There is no MariaDB: the tests of its dumps are skipped. On Debian: apt-get install mariadb-server mariadb-client" >&2
    exit 0
fi
echo "Installing MariaDB, which takes about half a minute …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends mariadb-server mariadb-client >/dev/null
