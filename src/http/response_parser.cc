#include "http/response_parser.h"

#include <algorithm>
#include <charconv>

#include "http/lower.h"

namespace minslice::http {
namespace {

constexpr std::size_t kMaxHeadBytes = std::size_t{256} * 1024;
constexpr std::size_t kMaxHeaders = 4096;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// A list's element: "Connection: keep-alive, close".
bool Lists(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (Lower(Trimmed(list.substr(0, comma))) == wanted) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace

void ResponseParser::Start(std::size_t max_body_bytes) {
  *this = ResponseParser();
  max_body_bytes_ = max_body_bytes;
}

std::size_t ResponseParser::Feed(std::string_view bytes, Response& response) {
  const std::size_t all = bytes.size();
  std::string line;
  while (!ended() && !bytes.empty()) {
    switch (state_) {
      case State::kHead:
        if (TakeLine(bytes, line)) HeadLine(line, response);
        break;
      case State::kChunkSize:
        if (TakeLine(bytes, line)) ChunkLine(line);
        break;
      case State::kChunkEnd:
        if (TakeLine(bytes, line)) state_ = line.empty() ? State::kChunkSize : State::kWrong;
        break;
      case State::kTrailers:
        if (TakeLine(bytes, line) && line.empty()) state_ = State::kDone;
        break;
      default:
        TakeBody(bytes, response);
        break;
    }
  }
  return all - bytes.size();
}

bool ResponseParser::Close() {
  keep_ = false;
  if (state_ == State::kUntilClose) state_ = State::kDone;
  return state_ == State::kDone;
}

bool ResponseParser::TakeLine(std::string_view& bytes, std::string& line) {
  const std::size_t newline = bytes.find('\n');
  const std::size_t n = newline == std::string_view::npos ? bytes.size() : newline + 1;
  head_bytes_ += n;
  if (head_bytes_ > kMaxHeadBytes) {
    state_ = State::kTooLarge;
    return false;
  }
  line_.append(bytes.substr(0, n));
  bytes.remove_prefix(n);
  if (newline == std::string_view::npos) {
    // What is no HTTP is not waited for until it has a line end.
    constexpr std::string_view kStart = "HTTP/1.";
    const std::size_t seen = std::min(line_.size(), kStart.size());
    if (state_ == State::kHead && status_line_ && line_.compare(0, seen, kStart, 0, seen) != 0)
      state_ = State::kWrong;
    return false;
  }
  line_.pop_back();
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  line.swap(line_);
  line_.clear();
  return true;
}

void ResponseParser::HeadLine(const std::string& line, Response& response) {
  if (status_line_) {
    // "HTTP/1.1 200 OK"; the reason may be missing.
    const bool version = line.size() >= 12 && line.starts_with("HTTP/1.") && line[8] == ' ' &&
                         (line[7] == '0' || line[7] == '1') && (line.size() == 12 || line[12] == ' ');
    int status = 0;
    if (version) std::from_chars(line.data() + 9, line.data() + 12, status);
    if (status < 100) {
      state_ = State::kWrong;
      return;
    }
    response.status = status;
    response.headers.clear();
    keep_ = line[7] == '1';
    status_line_ = chunked_ = other_coding_ = has_length_ = false;
    return;
  }
  if (line.empty()) return EndOfHead(response);
  const std::size_t colon = line.find(':');
  if (colon == std::string::npos || colon == 0) return;  // no field: ignored
  if (response.headers.size() == kMaxHeaders) {
    state_ = State::kTooLarge;
    return;
  }
  std::string name = Lower(std::string_view(line).substr(0, colon));
  const std::string_view value = Trimmed(std::string_view(line).substr(colon + 1));
  if (name == "content-length") {
    std::uint64_t length = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
    const bool clear = !value.empty() && error == std::errc() && end == value.data() + value.size() &&
                       (!has_length_ || left_ == length);
    if (!clear) {
      state_ = State::kWrong;
      return;
    }
    has_length_ = true;
    left_ = length;
  } else if (name == "transfer-encoding") {
    chunked_ = Lower(value) == "chunked";
    other_coding_ = !chunked_ && Lower(value) != "identity";
  } else if (name == "connection" && Lists(value, "close")) {
    keep_ = false;
  }
  response.headers.push_back({std::move(name), std::string(value)});
}

void ResponseParser::EndOfHead(Response& response) {
  status_line_ = true;
  const bool switched = response.status == 101;
  if (response.status < 200 && !switched) {  // 100, 103: the response is still to come
    response.headers.clear();
    response.status = 0;
    return;
  }
  if (switched || other_coding_) {
    state_ = State::kWrong;
  } else if (response.status == 204 || response.status == 304) {
    state_ = State::kDone;
  } else if (chunked_) {
    keep_ = keep_ && !has_length_;  // two lengths: what follows is not to be trusted
    state_ = State::kChunkSize;
  } else if (has_length_) {
    if (left_ > max_body_bytes_) {
      state_ = State::kTooLarge;
    } else {
      state_ = left_ == 0 ? State::kDone : State::kLength;
      response.body.reserve(std::min<std::size_t>(left_, std::size_t{1} << 20));
    }
  } else {
    keep_ = false;
    state_ = State::kUntilClose;
  }
}

void ResponseParser::ChunkLine(const std::string& line) {
  std::string_view digits = Trimmed(std::string_view(line).substr(0, line.find(';')));
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    state_ = State::kWrong;
    return;
  }
  head_bytes_ = 0;  // the bound is on the head, on a chunk's line and on the trailers
  left_ = size;
  state_ = size == 0 ? State::kTrailers : State::kChunk;
}

void ResponseParser::TakeBody(std::string_view& bytes, Response& response) {
  const std::size_t n = state_ == State::kUntilClose
                            ? bytes.size()
                            : static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  if (n > max_body_bytes_ - std::min(max_body_bytes_, response.body.size())) {
    state_ = State::kTooLarge;
    return;
  }
  response.body.append(bytes.substr(0, n));
  bytes.remove_prefix(n);
  if (state_ == State::kUntilClose) return;
  left_ -= n;
  if (left_ == 0) state_ = state_ == State::kChunk ? State::kChunkEnd : State::kDone;
}

}  // namespace minslice::http
