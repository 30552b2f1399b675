// The framing of responses, as RFC 9112 has it; every answer is also fed byte by byte.
#include "http/response_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace minslice::http {
namespace {

using State = ResponseParser::State;

struct Read {
  Response response;
  State state = State::kHead;
  std::size_t taken = 0;
  bool keep = false;
  bool closed = false;  // what Close said
};

Read ReadIn(const std::string& bytes, std::size_t piece, std::size_t most = 1000) {
  Read read;
  ResponseParser parser;
  parser.Start(most);
  while (read.taken < bytes.size() && !parser.ended()) {
    const std::string_view part = std::string_view(bytes).substr(read.taken, piece);
    const std::size_t n = parser.Feed(part, read.response);
    read.taken += n;
    if (n < part.size()) break;
  }
  read.state = parser.state();
  read.keep = parser.keep();
  read.closed = parser.Close();
  return read;
}

// Whole, and byte by byte: the same is read.
Read Parse(const std::string& bytes) {
  const Read whole = ReadIn(bytes, bytes.size());
  const Read bit = ReadIn(bytes, 1);
  EXPECT_EQ(whole.state, bit.state) << bytes;
  if (whole.state == State::kDone) {
    EXPECT_EQ(whole.response.body, bit.response.body) << bytes;
    EXPECT_EQ(whole.response.headers.size(), bit.response.headers.size()) << bytes;
    EXPECT_EQ(whole.keep, bit.keep) << bytes;
    EXPECT_EQ(whole.taken, bit.taken) << bytes;
  }
  return whole;
}

TEST(ResponseParser, BodiesByLength) {
  const Read read = Parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Y:  z \r\n\r\nhelloEXTRA");
  EXPECT_EQ(read.state, State::kDone);
  EXPECT_EQ(read.response.status, 200);
  EXPECT_EQ(read.response.body, "hello");
  EXPECT_EQ(*read.response.FindHeader("x-y"), "z");
  EXPECT_TRUE(read.keep);
  EXPECT_EQ(read.taken, 53U) << "what follows is not this response's";
  EXPECT_EQ(Parse("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").state, State::kDone);
  EXPECT_EQ(Parse("HTTP/1.1 200\nContent-Length: 1\n\nx").response.body, "x") << "bare line ends, no reason";
}

TEST(ResponseParser, Chunks) {
  const Read read = Parse(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n4\r\nabcd\r\nA;x=y\r\n0123456789\r\n0\r\nT: "
      "1\r\n\r\n");
  EXPECT_EQ(read.state, State::kDone);
  EXPECT_EQ(read.response.body, "abcd0123456789");
  EXPECT_EQ(read.response.FindHeader("t"), nullptr) << "a trailer is no header";
  EXPECT_TRUE(read.keep);
  const Read both =
      Parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  EXPECT_EQ(both.response.body, "x");
  EXPECT_FALSE(both.keep) << "two lengths: nothing behind it is trusted";
}

TEST(ResponseParser, UntilTheEnd) {
  const Read read = Parse("HTTP/1.1 200 OK\r\n\r\nall of it");
  EXPECT_EQ(read.state, State::kUntilClose);
  EXPECT_TRUE(read.closed);
  EXPECT_EQ(read.response.body, "all of it");
  EXPECT_FALSE(read.keep);
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel").closed) << "cut short";
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab").closed);
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nX: y\r\n").closed);
}

TEST(ResponseParser, WhatOnlyAnnounces) {
  const Read read = Parse(
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  EXPECT_EQ(read.response.status, 200);
  EXPECT_EQ(read.response.body, "ok");
  EXPECT_EQ(read.response.FindHeader("link"), nullptr);
}

TEST(ResponseParser, WithoutABody) {
  for (const char* status : {"204 No Content", "304 Not Modified"}) {
    EXPECT_EQ(Parse(std::string("HTTP/1.1 ") + status + "\r\nContent-Length: 7\r\n\r\n").state, State::kDone);
  }
}

TEST(ResponseParser, TellsWhetherTheConnectionIsKept) {
  EXPECT_FALSE(Parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").keep);
  EXPECT_FALSE(Parse("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n").keep);
  EXPECT_TRUE(Parse("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n").keep);
}

TEST(ResponseParser, RefusesWhatIsNotClear) {
  for (const char* bytes :
       {"220 smtp ready\r\n", "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 xyz OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-4\r\nabcd",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabX\r\n"}) {
    EXPECT_EQ(Parse(bytes).state, State::kWrong) << bytes;
  }
}

TEST(ResponseParser, Bounds) {
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n").state, State::kTooLarge);
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')).state, State::kTooLarge);
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\n\r\n" + std::string(1000, 'x')).state, State::kUntilClose);
  EXPECT_EQ(Parse("HTTP/1.1 200 OK\r\nX: " + std::string(300000, 'x')).state, State::kTooLarge);
  EXPECT_EQ(
      Parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n" + std::string(1001, 'x'))
          .state,
      State::kTooLarge);
}

}  // namespace
}  // namespace minslice::http
