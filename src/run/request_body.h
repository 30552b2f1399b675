// The body of a chat completion, put together from texts that are JSON already: nothing is parsed per
// request.
#ifndef MINSLICE_RUN_REQUEST_BODY_H_
#define MINSLICE_RUN_REQUEST_BODY_H_

#include <string>

#include "minslice/case.h"
#include "minslice/result.h"

namespace minslice::run {

class RequestBody {
 public:
  // `request_json`: the suite's request settings; "system" becomes a leading message, "tools" are those of
  // the cases that have none of their own.
  static Result<RequestBody> Make(const std::string& model, const std::string& request_json);

  std::string For(const Case& c) const;
  bool streams() const { return streams_; }

 private:
  std::string head_;           // {"model":...,"temperature":0,"messages":[ and the system message
  std::string tool_settings_;  // settings that are an error without tools: tool_choice, parallel_tool_calls
  std::string tools_;          // of the suite; empty = none
  bool has_system_ = false;
  bool streams_ = false;
};

}  // namespace minslice::run

#endif  // MINSLICE_RUN_REQUEST_BODY_H_
