# Sourced by grafana/generate, check, live and load: the Python and the programs that they
# call. What is missing is brought under target/tools, without a service being started: a Python
# environment with grafana/requirements.txt from PyPI, and out of Debian's packages the programs.
# shellcheck shell=bash

grafana=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${TOOLS:-$(dirname "$grafana")/target/tools}
export PYTHON=$tools/monitoring/bin/python
export PYTHONPATH=$grafana/source PYTHONDONTWRITEBYTECODE=1
export PATH=$PATH:$tools/debian/usr/bin

# python_environment [FILE...]: with the packages of requirements.txt and of further files of that
# kind. Anew when one of them has changed.
python_environment() {
  local file
  if ! cmp --silent "$grafana/requirements.txt" "$tools/.monitoring"; then
    rm -rf "${tools:?}/monitoring" "$tools"/.monitoring*
    mkdir -p "$tools"
    python3 -m venv "$tools/monitoring" && requirements requirements.txt .monitoring || lacks_python || return
  fi
  for file; do
    cmp --silent "$grafana/$file" "$tools/.monitoring-$file" ||
      requirements "$file" ".monitoring-$file" || lacks_python || return
  done
}

requirements() { # FILE NOTE
  "$PYTHON" -m pip install --quiet --disable-pip-version-check --requirement "$grafana/$1" &&
    cp "$grafana/$1" "$tools/$2"
}

lacks_python() {
  echo "$tools/monitoring cannot be made: it needs python3 with venv, and PyPI"
  return 1
}

# debian_programs PACKAGE...: unpacks those whose program, named as the package, is not there.
debian_programs() {
  local package work
  work=$(mktemp -d)
  for package; do
    if ! command -v "$package" >/dev/null && download "$package" "$work"; then
      dpkg-deb --extract "$work/$package"_*.deb "$tools/debian"
    fi
  done
  rm -r "$work"
}

# As root a list of packages that is missing or old is read anew.
download() { # PACKAGE FOLDER
  command -v apt-get >/dev/null || return
  (
    cd "$2" || exit
    apt-get download -qq "$1" || { [[ $(id -u) == 0 ]] && apt-get update -qq && apt-get download -qq "$1"; }
  ) >/dev/null 2>&1
}

# lacking PROGRAM...: prints those that are not there.
lacking() {
  local program
  for program; do
    command -v "$program" >/dev/null || echo "$program"
  done
}
