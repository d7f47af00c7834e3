#!/usr/bin/env bash
# A Slurm with two nodes on loopback, as root and without systemd, for tests.
# Usage: slurm.sh up FOLDER [MB] | down FOLDER | lose FOLDER NODE | restart FOLDER
#   up       prints the configuration's path: SLURM_CONF; MB: the memory of a node, unknown without
#   lose     kills a node in the middle of a shard with all that runs on it, prints the pids, and
#            starts it again 20 s later
#   restart  stops the controller and starts it again
set -euo pipefail
action=$1 folder=$2
export SLURM_CONF=$folder/slurm.conf
host=$(hostname -s)

start_munge() {
  munge -n >/dev/null 2>&1 && return
  if [ ! -s /etc/munge/munge.key ]; then
    dd if=/dev/urandom of=/etc/munge/munge.key bs=1 count=1024 status=none
    chown munge: /etc/munge/munge.key
    chmod 400 /etc/munge/munge.key
  fi
  install -d -o munge -g munge -m 755 /run/munge
  runuser -u munge -- /usr/sbin/munged
}

# Pids of what runs on a node: the daemon, its steps and their tasks.
on_node() {
  cat "$folder/slurmd.$1.pid" 2>/dev/null || true
  for process in /proc/[0-9]*; do
    if grep -qzx "SLURMD_NODENAME=$1" "$process/environ" 2>/dev/null &&
      grep -qzx "SLURM_CONF=$SLURM_CONF" "$process/environ" 2>/dev/null; then
      basename "$process"
    fi
  done
}

case $action in
  up)
    mkdir -p "$folder"/{ctld,spool.n1,spool.n2}
    memory=${3:+RealMemory=$3}
    port=$((20000 + $$ % 10000 * 4))
    cat >"$SLURM_CONF" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$folder/ctld
SlurmdSpoolDir=$folder/spool.%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.%n.log
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
SchedulerType=sched/backfill
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=5
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MinJobAge=300
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 $memory State=UNKNOWN
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 $memory State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
CONF
    start_munge
    # A key that was just made needs a moment.
    for _ in $(seq 50); do munge -n >/dev/null 2>&1 && break; sleep 0.1; done
    slurmctld -c
    slurmd -N n1
    slurmd -N n2
    for _ in $(seq 100); do
      [ "$(sinfo -h -t idle -o %D 2>/dev/null)" = 2 ] && { echo "$SLURM_CONF"; exit; }
      sleep 0.1
    done
    sinfo -N >&2
    exit 1
    ;;
  lose)
    # In the middle of a shard, which may take a tenth of a second: it is held until it is killed.
    for _ in $(seq 3000); do
      for pid in $(pgrep -x kramers); do
        if grep -qzx "SLURMD_NODENAME=$3" "/proc/$pid/environ" 2>/dev/null &&
          kill -STOP "$pid" 2>/dev/null; then
          break 2
        fi
      done
      sleep 0.01
    done
    pids=$(on_node "$3")
    echo "$pids"
    # shellcheck disable=SC2086
    kill -9 $pids
    (sleep 20 && slurmd -N "$3") >/dev/null 2>&1 &
    ;;
  restart)
    pid=$(cat "$folder/slurmctld.pid")
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null && [[ $(ps -o stat= -p "$pid") != Z* ]]; do sleep 0.1; done
    slurmctld
    ;;
  down)
    for pid in $(on_node n1) $(on_node n2) $(cat "$folder/slurmctld.pid"); do
      kill -9 "$pid" 2>/dev/null || true
    done
    ;;
esac
