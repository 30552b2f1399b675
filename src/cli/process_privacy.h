// While keys are in memory: no core file, and no other process of the same user may look into this one.
#ifndef MINSLICE_CLI_PROCESS_PRIVACY_H_
#define MINSLICE_CLI_PROCESS_PRIVACY_H_

#include <sys/prctl.h>
#include <sys/resource.h>

namespace minslice::cli {

// PR_SET_DUMPABLE rather than a limit of 0 alone: where core files go through a pipe (systemd, apport) the
// limit is not looked at. Undone at the end, because a leak checker has to attach itself.
class ProcessPrivacy {
 public:
  ProcessPrivacy() : dumpable_(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)) {
    limited_ = getrlimit(RLIMIT_CORE, &core_) == 0;
    rlimit none = core_;
    none.rlim_cur = 0;
    if (limited_) setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
  ~ProcessPrivacy() {
    if (dumpable_ == 1) prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
    if (limited_) setrlimit(RLIMIT_CORE, &core_);
  }
  ProcessPrivacy(const ProcessPrivacy&) = delete;
  ProcessPrivacy& operator=(const ProcessPrivacy&) = delete;

 private:
  int dumpable_;
  bool limited_ = false;
  rlimit core_{};
};

}  // namespace minslice::cli

#endif  // MINSLICE_CLI_PROCESS_PRIVACY_H_
