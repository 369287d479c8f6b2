// Ticks of axes and how their numbers, durations and times are written: pure, the same for every chart.
aml.ticks = (() => {
  const MINUS = "\u2212";
  const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];
  const SECOND_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
  const DAY = 86400;
  const LETTER = 6.2; // how wide a character of an 11 px label is, on the generous side
  const LINE = 31;
  const GAP = 12;
  // What stands beside the plot for labels: figures have 50 px at the left and 18 px at the right.
  const LEFT_ROOM = 46;
  const RIGHT_ROOM = 17;
  const MAX_LEFT_LETTERS = 7;

  const isEmpty = (low, high) => !(Number.isFinite(low) && Number.isFinite(high) && high > low);
  // 3 * 0.1 is 0.30000000000000004, which nobody wants to read.
  const clean = (value) => (value === 0 ? 0 : Number(value.toPrecision(14)));

  const stepFor = (rough, isWhole) => {
    const wanted = isWhole ? Math.max(rough, 1) : rough;
    const magnitude = 10 ** Math.floor(Math.log10(wanted));
    const factors = isWhole && magnitude < 10 ? [1, 2, 5, 10, 20] : [1, 2, 2.5, 5, 10, 20];
    return factors.map((factor) => factor * magnitude).find((step) => step >= wanted * (1 - 1e-9));
  };

  const multiples = (low, high, step, limit) => {
    const first = Math.ceil(low / step - 1e-9);
    const last = Math.floor(high / step + 1e-9);
    // So far from zero that floats hardly tell the ends apart.
    if (!(last - first <= limit) || Math.abs(first) > 1e14 || Math.abs(last) > 1e14) return null;
    const values = [];
    for (let place = first; place <= last; place += 1) values.push(clean(place * step));
    return values.filter((value, i) => i === 0 || value > values[i - 1]);
  };

  // Round numbers within a range, at most about `count`; whole ones only where `isWhole` says so.
  const numbers = (low, high, count, isWhole = false) => {
    if (isEmpty(low, high)) return Number.isFinite(low) ? [low] : [];
    const span = high - low;
    if (!Number.isFinite(span)) return [low, 0, high].filter((value) => value >= low && value <= high);
    const values = multiples(low, high, stepFor(span / Math.max(1, count), isWhole), 3 * count + 3);
    return values?.length ? values : isWhole ? numbers(low, high, count) : [low, high];
  };

  // Powers of ten, and 2 and 5 between them where there is room; within one power, round numbers.
  const powers = (low, high, count) => {
    if (isEmpty(low, high) || low <= 0) return [];
    const first = Math.floor(Math.log10(low));
    const last = Math.ceil(Math.log10(high));
    const inside = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
    const pick = (mantissas, stride) => {
      const values = [];
      for (let power = Math.ceil(first / stride) * stride; power <= last; power += stride)
        for (const mantissa of mantissas) values.push(Number(`${mantissa}e${power}`));
      return values.filter(inside);
    };
    for (const mantissas of [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 5], [1, 3], [1]]) {
      const values = pick(mantissas, 1);
      if (values.length <= count && values.length >= 2) return values;
    }
    for (const stride of [2, 3, 5, 10, 20, 50, 100, 200]) {
      const values = pick([1], stride);
      if (values.length <= count && values.length >= 2) return values;
    }
    return numbers(low, high, count).filter((value) => value > 0);
  };

  const secondsStep = (rough) => {
    if (rough <= 0.5) return stepFor(rough, false);
    return SECOND_STEPS.find((step) => step >= rough * (1 - 1e-9)) ?? DAY * stepFor(rough / DAY, true);
  };

  const durations = (low, high, count) => {
    if (isEmpty(low, high)) return Number.isFinite(low) ? [low] : [];
    const values = multiples(low, high, secondsStep((high - low) / Math.max(1, count)), 3 * count + 3);
    return values?.length ? values : [low, high];
  };

  // Round durations for a logarithmic axis.
  const ROUND_SECONDS = [1, 10, 60, 600, 3600, 36000, DAY, 10 * DAY, 100 * DAY, 1000 * DAY];
  const powerDurations = (low, high, count) => {
    const round = [1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, ...ROUND_SECONDS].filter((value) => value >= low && value <= high);
    const stride = Math.ceil(round.length / Math.max(1, count));
    const values = round.filter((_value, i) => i % stride === 0);
    return values.length >= 2 ? values : durations(low, high, count).filter((value) => value > 0);
  };

  // Local moments: seconds since the epoch at which a clock on the wall reads something round.
  const moments = (low, high, count) => {
    if (isEmpty(low, high) || Math.abs(low) > 8e12 || Math.abs(high) > 8e12) return [];
    const rough = (high - low) / Math.max(1, count);
    const start = new Date(low * 1000);
    const [year, month, day] = [start.getFullYear(), start.getMonth(), start.getDate()];
    const found = [];
    const gather = (at) => {
      for (let place = 0; place < 5000; place += 1) {
        const moment = at(place).getTime() / 1000;
        if (!(moment <= high)) break;
        if (moment >= low && !(moment <= found[found.length - 1])) found.push(moment); // clocks are put back once a year
      }
    };
    if (rough <= 0.5) return durations(low, high, count);
    if (rough <= 43200) {
      const step = SECOND_STEPS.find((one) => one >= rough * (1 - 1e-9));
      const before = Math.floor((start.getHours() * 3600 + start.getMinutes() * 60 + start.getSeconds()) / step);
      gather((place) => new Date(year, month, day, 0, 0, (before + place) * step));
    } else if (rough <= 16 * DAY) {
      const step = [1, 2, 4, 7, 14, 28].find((one) => one * DAY >= rough * (1 - 1e-9));
      gather((place) => new Date(year, month, day + place * step));
    } else if (rough <= 183 * DAY) {
      const step = [1, 2, 3, 6].find((one) => one * 30.5 * DAY >= rough * (1 - 1e-9)) ?? 6;
      gather((place) => new Date(year, Math.floor(month / step) * step + place * step, 1));
    } else {
      const step = stepFor(rough / (365.25 * DAY), true);
      gather((place) => new Date(Math.floor(year / step) * step + place * step, 0, 1));
    }
    return found;
  };

  const signed = (value, text) => (value < 0 ? MINUS + text : text);
  const grouped = (digits) => digits.replace(/^\d{4,}/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
  const decimalsOf = (step) => {
    for (let decimals = 0; decimals <= 12; decimals += 1) {
      const shifted = step * 10 ** decimals;
      if (shifted >= 0.5 && Math.abs(shifted - Math.round(shifted)) < 1e-4 * shifted) return decimals;
    }
    return null;
  };
  const smallestStep = (values) => {
    const steps = values.slice(1).map((value, i) => Math.abs(value - values[i])).filter((step) => step > 0);
    return steps.length ? Math.min(...steps) : Math.abs(values[0]) || 1;
  };

  const plainLabels = (values, step) => {
    const decimals = decimalsOf(step);
    if (decimals === null) return null;
    return values.map((value) => (value === 0 ? "0" : signed(value, grouped(Math.abs(value).toFixed(decimals)))));
  };
  const prefixLabels = (values, step) => {
    const largest = Math.max(...values.map(Math.abs));
    const thousands = Math.floor(Math.log10(largest) / 3 + 1e-9);
    if (thousands < 1 || thousands >= PREFIXES.length) return null;
    const unit = 1000 ** thousands;
    const labels = plainLabels(values.map((value) => value / unit), step / unit);
    const trimmed = labels?.map((label) => (label.includes(".") ? label.replace(/\.?0+$/, "") : label));
    return trimmed && trimmed.map((label) => (label === "0" ? label : label + PREFIXES[thousands]));
  };
  const powerLabel = (value, step) => {
    if (value === 0) return "0";
    const digits = Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(step) + 1e-9);
    const [mantissa, power] = Math.abs(value).toExponential(Math.max(0, Math.min(15, digits + 1))).split("e");
    const short = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
    return `${signed(value, short)}e${power.replace("+", "").replace("-", MINUS)}`;
  };
  // Where only long labels would tell the ticks apart: what lies between them and the first one.
  const distanceLabels = (values, step) => {
    const whole = Number.isInteger(values[0]) ? signed(values[0], grouped(String(Math.abs(values[0])))) : "";
    const isShort = whole && whole.length <= MAX_LEFT_LETTERS;
    const first = isShort ? whole : `\u2248${powerLabel(Number(values[0].toPrecision(2)), Math.abs(values[0]) / 10 || 1)}`;
    const rest = numberLabels(values.slice(1).map((value) => clean(Number((value - values[0]).toPrecision(4)))), MAX_LEFT_LETTERS - 1);
    return [first, ...rest.map((label) => `+${label}`)];
  };

  const numberLabels = (values, maxLetters = MAX_LEFT_LETTERS) => {
    if (!values.length) return [];
    const step = smallestStep(values);
    const largest = Math.max(...values.map(Math.abs));
    const fits = (labels) =>
      labels && new Set(labels).size === values.length && Math.max(...labels.map((label) => label.length)) <= maxLetters;
    const plain = largest < 1e15 ? plainLabels(values, step) : null;
    const isRound = largest >= 1e4 && values.every((value) => value % 1000 === 0);
    if (largest < 1e7 && step >= 1e-4 && !isRound && fits(plain)) return plain;
    const short = [prefixLabels(values, step), values.map((value) => powerLabel(value, step)), plain].find(fits);
    if (short) return short;
    if (values.length < 2) return [powerLabel(Number(values[0].toPrecision(3)), Math.abs(values[0]) / 100 || 1)];
    return distanceLabels(values, step);
  };

  // One number, short, on its own: for logarithmic axes.
  const shortNumber = (value) => {
    const size = Math.abs(value);
    if (size === 0) return "0";
    if (size >= 1e3 && size < 1e15) {
      const thousands = Math.floor(Math.log10(size) / 3 + 1e-9);
      return signed(value, `${Number((size / 1000 ** thousands).toPrecision(3))}${PREFIXES[thousands]}`);
    }
    if (size >= 1e-3 && size < 1e3) return signed(value, `${Number(size.toPrecision(3))}`);
    return powerLabel(Number(value.toPrecision(3)), size / 100);
  };

  const two = (value) => String(value).padStart(2, "0");
  // What a stopwatch reads, to the step's decimals.
  const clock = (value, decimals = 0) => {
    const total = Number(Math.abs(value).toFixed(decimals));
    const [hours, minutes] = [Math.floor(total / 3600), Math.floor((total % 3600) / 60)];
    const rest = (total % 60).toFixed(decimals);
    const seconds = rest.indexOf(".") === 1 || rest.length === 1 ? `0${rest}` : rest;
    return signed(value, hours ? `${hours}:${two(minutes)}:${seconds}` : `${minutes}:${seconds}`);
  };
  // One alone is as exact as it must be written, in a range this wide.
  const stepOf = (values, span) => {
    if (values.length > 1 || !(span > 0)) return smallestStep(values);
    return [60, 1, 0.1, 0.01, 0.001].find((step) => step <= span && Math.abs(values[0] / step - Math.round(values[0] / step)) < 1e-3) ?? Math.min(span, 0.001);
  };
  const durationLabels = (values, span) => {
    if (!values.length) return [];
    const step = stepOf(values, span);
    const largest = Math.max(...values.map(Math.abs));
    const decimals = step < 1 ? decimalsOf(step) ?? 12 : 0;
    const each = (write) => values.map((value) => signed(value, write(Math.abs(value))));
    if (largest <= 180) return step < 1e-3 ? numberLabels(values).map((label) => `${label} s`) : each((value) => `${value.toFixed(decimals)} s`);
    if (step < 60) return values.map((value) => clock(value, decimals));
    if (step < 3600)
      return each((value) => {
        const [hours, minutes] = [Math.floor(value / 3600), Math.round((value % 3600) / 60)];
        return hours ? `${hours} h${minutes ? ` ${two(minutes)}` : ""}` : `${minutes} min`;
      });
    if (step < DAY)
      return each((value) => {
        const [days, hours] = [largest < 2 * DAY ? 0 : Math.floor(value / DAY), Math.round(value / 3600)];
        const rest = hours - 24 * days;
        return days ? `${days} d${rest ? ` ${rest} h` : ""}` : `${rest} h`;
      });
    return each((value) => `${shortNumber(Math.round(value / DAY))} d`);
  };
  const shortDuration = (value) => {
    const size = Math.abs(value);
    if (size < 60) return `${shortNumber(value)} s`;
    if (size < 3600) return `${shortNumber(value / 60)} min`;
    return size < 2 * DAY ? `${shortNumber(value / 3600)} h` : `${shortNumber(value / DAY)} d`;
  };

  const formatters = {};
  const dateText = (date, options) => {
    const key = JSON.stringify(options);
    formatters[key] ??= new Intl.DateTimeFormat(undefined, options);
    return formatters[key].format(date);
  };
  const momentLabels = (values, span) => {
    if (!values.length) return [];
    const step = span < 60 ? stepOf(values, span) : values.length > 1 ? smallestStep(values) : span;
    return values.map((value, i) => {
      const date = new Date(value * 1000);
      const isMidnight = date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0 && value % 1 === 0;
      if (step > 360 * DAY) return String(date.getFullYear());
      if (step > 27 * DAY)
        return i && date.getMonth() === 0 ? String(date.getFullYear()) : dateText(date, { month: "short" });
      if (isMidnight && values.length > 1) return dateText(date, { month: "short", day: "numeric" });
      const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
      if (step >= 60) return minutes;
      const decimals = step < 1 ? Math.min(6, decimalsOf(step) ?? 6) : 0;
      // Rounded before it is split, so that no minute has 60 seconds.
      const rounded = Number(value.toFixed(decimals));
      const whole = new Date(Math.floor(rounded) * 1000);
      const fraction = (rounded - Math.floor(rounded)).toFixed(decimals).slice(1);
      return `${two(whole.getHours())}:${two(whole.getMinutes())}:${two(whole.getSeconds())}${fraction}`;
    });
  };

  const pairOf = (low, high, kind, isLog, count) => {
    if (isLog) {
      if (kind === "relative") { const values = powerDurations(low, high, count); return [values, values.map(shortDuration)]; }
      const values = powers(low, high, count);
      const isDecades = values.length > 1 && high / low > 10;
      return [values, isDecades ? values.map(shortNumber) : numberLabels(values)];
    }
    if (kind === "relative") { const values = durations(low, high, count); return [values, durationLabels(values, high - low)]; }
    if (kind === "wall") { const values = moments(low, high, count); return [values, momentLabels(values, high - low)]; }
    const values = numbers(low, high, count, kind === "step");
    return [values, numberLabels(values, 9)];
  };

  const width = (label) => label.length * LETTER;
  // Ticks and labels of one axis: { values, labels }, as many as `size` pixels take without one touching the next.
  const axis = ({ low, high, kind = "number", isLog = false, size, isVertical = false }) => {
    if (isVertical) {
      const count = Math.max(2, Math.min(8, Math.floor(size / LINE)));
      const values = isLog ? powers(low, high, count) : numbers(low, high, count);
      const labels = isLog && high / low > 10 ? values.map(shortNumber) : numberLabels(values);
      return { values, labels };
    }
    const place = (value) =>
      size * (isLog ? (Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low)) : (value - low) / (high - low));
    let [values, labels] = [[], []];
    for (let count = Math.max(1, Math.min(10, Math.floor(size / 43))); count >= 1; count -= 1) {
      [values, labels] = pairOf(low, high, kind, isLog, count);
      const isApart = (value, i) =>
        i === 0 || place(value) - place(values[i - 1]) >= (width(labels[i]) + width(labels[i - 1])) / 2 + GAP;
      if (values.every(isApart)) break;
    }
    const isInside = (value, label) =>
      place(value) + width(label) / 2 <= size + RIGHT_ROOM && place(value) - width(label) / 2 >= -LEFT_ROOM;
    return { values, labels: labels.map((label, i) => (isInside(values[i], label) ? label : "")) };
  };

  return { axis, numbers, powers, durations, moments, numberLabels, durationLabels, momentLabels, clock, shortNumber, dateText };
})();
