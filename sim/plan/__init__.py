"""From a scenario to flat arrays that the draws, the engines and the metrics look up."""
