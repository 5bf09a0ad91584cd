#!/bin/sh
# Puts every workspace file of a folder into force, and again whenever the files change.
#
#   apply-workspaces.sh FOLDER          FIRSTLINE_SERVER says where the routers are
#
# Made for a mounted ConfigMap: kubelet writes a new folder and swaps the link ..data, so that all
# files change at once. Files are read from where ..data leads to at that moment; if it is swapped
# meanwhile, everything is done again. A file that is wrong is told and left out until it changes:
# what is in force stays. While no router answers, it is tried again. FIRSTLINE_CONFIG_PERIOD:
# seconds between two looks, 5 unless set. Ends with 0 on SIGTERM.
set -u
folder=$1
period=${FIRSTLINE_CONFIG_PERIOD:-5}
trap 'exit 0' TERM INT

say() {
  echo "apply-workspaces: $*" >&2
}

source_of() {
  if [ -e "$folder/..data" ]; then readlink -f "$folder/..data"; else echo "$folder"; fi
}

# Applies the files of the folder $1. Fails when it is worth trying again.
apply_all() {
  again=''
  for file in "$1"/*.yaml; do
    [ -e "$file" ] || continue
    code=0
    firstline config apply "$file" || code=$?
    case "$code" in
      0) say "$(basename "$file") is in force" ;;
      5) say "no router answers; trying again"; again=1 ;;
      *) say "$(basename "$file") was refused (exit code $code); what is in force stays" ;;
    esac
  done
  [ -z "$again" ]
}

done_with=''
while :; do
  from=$(source_of)
  # A folder that vanishes while it is read gives another sum than the one that comes.
  sum=$(cat "$from"/*.yaml 2>/dev/null | cksum)
  if [ "$sum" != "$done_with" ] && apply_all "$from" && [ "$from" = "$(source_of)" ]; then
    done_with=$sum
  fi
  # In the background, because a shell hears signals only between commands.
  sleep "$period" &
  wait $!
done
