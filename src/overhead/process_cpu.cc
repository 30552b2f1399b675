#include "overhead/process_cpu.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <system_error>

namespace minslice::overhead {
namespace {

// Inodes of the listening sockets on a port, from /proc/net/tcp and tcp6.
std::set<std::string> Listeners(int port) {
  std::set<std::string> inodes;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(table);
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
      std::istringstream fields(line);
      std::string slot, local, remote, state, queues, timer, retransmits, user, timeout, inode;
      fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeout >>
          inode;
      const std::size_t colon = local.rfind(':');
      if (state != "0A" || colon == std::string::npos) continue;
      if (std::strtol(local.c_str() + colon + 1, nullptr, 16) == port)
        inodes.insert("socket:[" + inode + "]");
    }
  }
  return inodes;
}

}  // namespace

std::optional<double> CpuSeconds(int pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  if (!std::getline(in, text)) return std::nullopt;
  // The name stands in parentheses and may hold anything.
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream fields(text.substr(end + 1));
  std::string field;
  double ticks = 0;
  // After the name: state is field 3; utime, stime, cutime, cstime are 14 to 17.
  for (int i = 3; i <= 17 && fields >> field; ++i) {
    if (i >= 14) ticks += std::strtod(field.c_str(), nullptr);
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::vector<int> ListeningOn(int port) {
  const std::set<std::string> inodes = Listeners(port);
  std::vector<int> pids;
  if (inodes.empty()) return pids;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    int pid = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    std::error_code hidden;
    for (const auto& open : std::filesystem::directory_iterator(entry.path() / "fd", hidden)) {
      std::error_code gone;
      const std::string target = std::filesystem::read_symlink(open.path(), gone);
      if (gone || inodes.count(target) == 0) continue;
      pids.push_back(pid);
      break;
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

}  // namespace minslice::overhead
