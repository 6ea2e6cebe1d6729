// Mean and spread of repeated measurements.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace bench {

struct summary {
    double mean = 0.0;
    double deviation = 0.0; // of a sample: divided by n - 1; 0 when there is only one
};

[[nodiscard]] inline summary summarise(std::span<const double> samples) {
    summary s;
    if (samples.empty()) {
        return s;
    }
    for (const double sample : samples) {
        s.mean += sample;
    }
    s.mean /= static_cast<double>(samples.size());
    if (samples.size() > 1) {
        double squares = 0.0;
        for (const double sample : samples) {
            squares += (sample - s.mean) * (sample - s.mean);
        }
        s.deviation = std::sqrt(squares / static_cast<double>(samples.size() - 1));
    }
    return s;
}

} // namespace bench
