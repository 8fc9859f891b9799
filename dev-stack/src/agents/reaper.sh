# Ends what a stack of agents started, as soon as its owner lets go of our standard input: by closing it on purpose, or
# by dying in any way. Until then each line on standard input is `watch PID`, `forget PID` or `interrupt PID`.
trap '' HUP INT TERM
mark=$1 folder=$2 remove=$3 docker=$4

pids=' '
while read -r word pid; do
    case $word in
        watch) pids="$pids$pid " ;;
        forget) case $pids in *" $pid "*) pids="${pids%% "$pid" *} ${pids#* "$pid" }" ;; esac ;;
        interrupt) kill -INT "$pid" ;;
    esac
done

# Every agent leads a process group of its own.
for pid in $pids; do
    kill -KILL "-$pid"
done

# Nomad's executors and the tasks under them live in sessions of their own; all of them inherit the mark.
for _ in 1 2 3 4 5; do
    found=$(grep -lzxsF -- "$mark" /proc/[0-9]*/environ)
    [ "$found" ] || break
    for file in $found; do
        pid=${file#/proc/}
        kill -KILL "${pid%/environ}"
    done
    sleep 0.1
done

# Containers hold bind mounts of their allocation's folders.
if [ "$docker" = docker ]; then
    docker ps --all --no-trunc --format '{{.ID}} {{.Mounts}}' | while read -r id mounts; do
        case ",$mounts" in *",$folder/"*) docker rm --force "$id" ;; esac
    done
fi

# As root, Nomad mounts a tmpfs for each task's secrets.
if [ -r /proc/mounts ]; then
    while read -r _ point _; do
        case $point in "$folder"/*) umount -l "$point" ;; esac
    done </proc/mounts
fi

if [ "$remove" = remove ]; then
    rm -rf -- "$folder" || { sleep 0.5; rm -rf -- "$folder"; }
fi
