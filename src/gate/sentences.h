// How figures stand in the sentences of reasons and warnings: points with one decimal, p-values with four
// digits.
#ifndef MINSLICE_GATE_SENTENCES_H_
#define MINSLICE_GATE_SENTENCES_H_

#include <cstdint>
#include <string>

namespace minslice::gate {

std::string Points(double difference);               // "-14.9 pt", "+0.3 pt", "0.0 pt"
std::string Size(double size);                       // a margin or an effect: "2.0 pt", "0.25 pt"
std::string Percent(double rate);                    // "76.6 %"
std::string PText(double p);                         // ".0497", "<.0001"
std::string Level(double level);                     // ".05"
std::string Count(std::int64_t n);                   // "10,830"
std::string Many(std::int64_t n, const char* noun);  // "1 pair", "1,289 pairs"

double RoundSignificant(double value, int digits);

}  // namespace minslice::gate

#endif  // MINSLICE_GATE_SENTENCES_H_
