// CPU time of processes on this machine, by /proc.
#ifndef MINSLICE_OVERHEAD_PROCESS_CPU_H_
#define MINSLICE_OVERHEAD_PROCESS_CPU_H_

#include <optional>
#include <vector>

namespace minslice::overhead {

// User and system time of all threads, children that ended included; nullopt where there is no such process.
std::optional<double> CpuSeconds(int pid);
// The processes that hold a listening TCP socket on that port, ascending; those of others are not seen
// without the right to.
std::vector<int> ListeningOn(int port);

}  // namespace minslice::overhead

#endif  // MINSLICE_OVERHEAD_PROCESS_CPU_H_
