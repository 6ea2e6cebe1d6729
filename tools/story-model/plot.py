"""The list of plots. A plot is a function that tells one story; it says in which worlds it fits."""

PLOTS = []


def plot(worlds):
    def keep(function):
        PLOTS.append((function.__name__, tuple(worlds.split()), function))
        return function
    return keep
