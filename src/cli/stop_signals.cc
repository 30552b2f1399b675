#include "cli/stop_signals.h"

namespace minslice::cli {
namespace {

std::atomic<int> g_stop{0};
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int) { g_stop.fetch_add(1); }

}  // namespace

StopSignals::StopSignals() {
  g_stop = 0;
  struct sigaction action = {};
  action.sa_handler = &OnSignal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &interrupt_);
  sigaction(SIGTERM, &action, &terminate_);
  struct sigaction ignore = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_);
  sigaction(SIGXFSZ, &ignore, &file_size_);  // a limit of file sizes is a full disk, not a death
}

StopSignals::~StopSignals() {
  sigaction(SIGINT, &interrupt_, nullptr);
  sigaction(SIGTERM, &terminate_, nullptr);
  sigaction(SIGPIPE, &pipe_, nullptr);
  sigaction(SIGXFSZ, &file_size_, nullptr);
}

const std::atomic<int>* StopSignals::count() { return &g_stop; }

}  // namespace minslice::cli
