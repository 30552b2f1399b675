// Reads one HTTP/1.1 response out of the bytes of a connection, as they come. Pure; the bytes are untrusted.
#ifndef MINSLICE_HTTP_RESPONSE_PARSER_H_
#define MINSLICE_HTTP_RESPONSE_PARSER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/client.h"

namespace minslice::http {

class ResponseParser {
 public:
  enum class State : std::uint8_t {
    kHead,        // of the response, or of one that only announces it (1xx)
    kLength,      // a body of known length
    kChunkSize,   // the line before a chunk
    kChunk,       // its bytes
    kChunkEnd,    // the line end after them
    kTrailers,    // behind the last chunk
    kUntilClose,  // a body without a length
    kDone,
    kTooLarge,
    kWrong,  // no HTTP, or framed in a way that is not clear
  };

  void Start(std::size_t max_body_bytes);
  // Takes bytes up to the end of the response and says how many. Head and body go to `response`.
  std::size_t Feed(std::string_view bytes, Response& response);
  // The connection was closed. True where that ends the response.
  bool Close();

  State state() const { return state_; }
  bool ended() const { return state_ >= State::kDone; }
  bool keep() const { return keep_; }  // the connection may carry another exchange

 private:
  // The next line without its end, out of what was left over and `bytes`; false: it is not whole yet.
  bool TakeLine(std::string_view& bytes, std::string& line);
  void HeadLine(const std::string& line, Response& response);
  void EndOfHead(Response& response);
  void ChunkLine(const std::string& line);
  void TakeBody(std::string_view& bytes, Response& response);

  State state_ = State::kHead;
  std::size_t max_body_bytes_ = 0;
  std::size_t head_bytes_ = 0;  // and trailers
  std::uint64_t left_ = 0;      // of the body or the chunk
  std::string line_;            // begun, not whole
  bool status_line_ = true;     // comes next
  bool keep_ = true;
  bool chunked_ = false;
  bool other_coding_ = false;
  bool has_length_ = false;
};

}  // namespace minslice::http

#endif  // MINSLICE_HTTP_RESPONSE_PARSER_H_
