/**
 * What runs inside pages, in a world of its own: it shares the page's elements and none of its scripts. It turns a page into text and
 * gives elements numbers that last as long as they do. Kept as text, since the types of a document are not this program's.
 *
 * Properties of forms and documents are read through their prototypes: a page may name a field `action` or `childNodes`.
 */
export const PAGE_SCRIPT = String.raw`globalThis.llamactorReader ??= (() => {
  const getter = (proto, name) => { const { get } = Object.getOwnPropertyDescriptor(proto, name); return (one) => get.call(one); };
  const childNodes = getter(Node.prototype, 'childNodes');
  const parentNode = getter(Node.prototype, 'parentNode');
  const isConnected = getter(Node.prototype, 'isConnected');
  const nodeType = getter(Node.prototype, 'nodeType');
  const localName = getter(Element.prototype, 'localName');
  const shadowRoot = getter(Element.prototype, 'shadowRoot');
  const formAction = getter(HTMLFormElement.prototype, 'action');
  const formMethod = getter(HTMLFormElement.prototype, 'method');
  const formElements = getter(HTMLFormElement.prototype, 'elements');
  const body = getter(Document.prototype, 'body');
  const documentElement = getter(Document.prototype, 'documentElement');
  const activeElement = getter(Document.prototype, 'activeElement');
  const attr = (el, name) => Element.prototype.getAttribute.call(el, name);
  const has = (el, name) => Element.prototype.hasAttribute.call(el, name);
  const find = (el, selector) => Element.prototype.querySelector.call(el, selector);
  const rectOf = (el) => Element.prototype.getBoundingClientRect.call(el);
  const tagOf = (el) => localName(el);

  const numbers = new WeakMap();
  const elements = new Map();
  const take = (el, next) => {
    let number = numbers.get(el);
    if (number === undefined) {
      number = next.value++;
      numbers.set(el, number);
      elements.set(number, new WeakRef(el));
    }
    return number;
  };

  /* Nothing invisible, nothing that looks like one of our references. */
  const clean = (text) => text
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/gu, '')
    .replace(/\[(?=e\d+\])/g, '(')
    .replace(/\s+/g, ' ');
  const cut = (text, most) => (text.length > most ? text.slice(0, most) + '…' : text);

  const composedParent = (node) => {
    const slot = node.assignedSlot;
    if (slot) return slot;
    const parent = parentNode(node);
    return parent && nodeType(parent) === 11 ? (parent.host ?? null) : parent;
  };
  const children = (el) => {
    if (tagOf(el) === 'slot') {
      const given = el.assignedNodes({ flatten: true });
      if (given.length > 0) return given;
    }
    const shadow = shadowRoot(el);
    return shadow ? childNodes(shadow) : childNodes(el);
  };
  const closest = (el, test) => {
    for (let one = el; one; one = composedParent(one)) if (nodeType(one) === 1 && test(one)) return one;
    return null;
  };

  const SILENT = new Set(['script', 'style', 'noscript', 'template', 'head', 'meta', 'link', 'base', 'title', 'object', 'embed', 'param', 'source', 'track', 'datalist']);
  const isGone = (el) => SILENT.has(tagOf(el)) || attr(el, 'aria-hidden') === 'true' || getComputedStyle(el).display === 'none';
  const isInvisible = (el) => { const { visibility } = getComputedStyle(el); return visibility === 'hidden' || visibility === 'collapse'; };

  const textOf = (el, most) => {
    let text = '';
    const walk = (node) => {
      if (text.length > most) return;
      if (nodeType(node) === 3) { text += node.data.slice(0, most + 1); return; }
      if (nodeType(node) !== 1 || isGone(node)) return;
      const label = attr(node, 'aria-label');
      if (node !== el && label) { text += ' ' + label + ' '; return; }
      const tag = tagOf(node);
      if (tag === 'img') { text += ' ' + (attr(node, 'alt') ?? '') + ' '; return; }
      if (tag === 'input' && /^(submit|button|reset)$/.test(node.type)) { text += ' ' + node.value + ' '; return; }
      if (tag === 'select' || tag === 'textarea') return;
      const inline = getComputedStyle(node).display.startsWith('inline');
      if (!inline) text += ' ';
      for (const child of children(node)) walk(child);
      if (!inline) text += ' ';
    };
    walk(el);
    return cut(clean(text).trim(), most);
  };

  const MOST_NAME = 200;
  const nameOf = (el) => {
    const tag = tagOf(el);
    const by = attr(el, 'aria-labelledby');
    if (by) {
      const root = el.getRootNode();
      const text = by.split(/\s+/).map((id) => (root.getElementById ? root.getElementById(id) : null)).filter(Boolean).map((one) => textOf(one, MOST_NAME)).join(' ').trim();
      if (text) return cut(text, MOST_NAME);
    }
    const direct = (text) => cut(clean(text ?? '').trim(), MOST_NAME);
    const label = direct(attr(el, 'aria-label'));
    if (label) return label;
    if (tag === 'input' || tag === 'select' || tag === 'textarea') {
      if (tag === 'input' && /^(submit|button|reset)$/.test(el.type)) return direct(el.value) || { submit: 'Submit', reset: 'Reset', button: '' }[el.type];
      const text = [...(el.labels ?? [])].map((one) => textOf(one, MOST_NAME)).join(' ').trim();
      if (text) return cut(text, MOST_NAME);
      return direct(attr(el, 'alt')) || direct(attr(el, 'title')) || direct(attr(el, 'placeholder')) || direct(attr(el, 'name'));
    }
    if (tag === 'img' || tag === 'area') return direct(attr(el, 'alt')) || direct(attr(el, 'title'));
    if (tag === 'iframe' || tag === 'frame') return direct(attr(el, 'title')) || direct(attr(el, 'name'));
    return textOf(el, MOST_NAME) || direct(attr(el, 'title'));
  };

  const INPUT_ROLES = { button: 'button', submit: 'button', reset: 'button', image: 'button', checkbox: 'checkbox', radio: 'radio', range: 'slider', number: 'spinbutton', search: 'searchbox', file: 'file field', password: 'password field' };
  const TAG_ROLES = { button: 'button', summary: 'button', select: 'combobox', textarea: 'textbox', option: 'option', img: 'image', nav: 'navigation', main: 'main', dialog: 'dialog', form: 'form', iframe: 'frame', frame: 'frame', video: 'video', audio: 'audio', canvas: 'canvas' };
  const roleOf = (el) => {
    const given = (attr(el, 'role') ?? '').trim().split(/\s+/)[0];
    if (given && given !== 'none' && given !== 'presentation') return clean(given).slice(0, 30);
    const tag = tagOf(el);
    if (tag === 'input') return INPUT_ROLES[el.type] ?? 'textbox';
    if ((tag === 'a' || tag === 'area') && has(el, 'href')) return 'link';
    if (tag === 'select' && (el.multiple || el.size > 1)) return 'listbox';
    if (/^h[1-6]$/.test(tag)) return 'heading';
    if (TAG_ROLES[tag]) return TAG_ROLES[tag];
    return el.isContentEditable && !composedParent(el)?.isContentEditable ? 'textbox' : 'generic';
  };
  const USABLE = new Set('button link checkbox radio slider spinbutton searchbox textbox combobox listbox option switch tab menuitem menuitemcheckbox menuitemradio treeitem gridcell'.split(' '));
  const FIELDS = new Set(['input', 'select', 'textarea']);
  const isUsable = (el, role) => {
    const tag = tagOf(el);
    if (FIELDS.has(tag) || tag === 'summary' || tag === 'iframe') return true;
    if (USABLE.has(role) && role !== 'gridcell') return tag !== 'option';
    if (role === 'generic' || role === 'gridcell') {
      if (has(el, 'onclick') || (has(el, 'tabindex') && el.tabIndex >= 0)) return true;
      if (getComputedStyle(el).cursor === 'pointer') {
        const parent = composedParent(el);
        return !(parent && nodeType(parent) === 1 && getComputedStyle(parent).cursor === 'pointer') && tag !== 'label' && tag !== 'body' && tag !== 'html';
      }
    }
    return false;
  };
  const statesOf = (el) => {
    const states = [];
    const aria = (name) => attr(el, 'aria-' + name);
    const tag = tagOf(el);
    if (tag === 'input' && (el.type === 'checkbox' || el.type === 'radio')) states.push(el.indeterminate ? 'mixed' : el.checked ? 'checked' : 'not checked');
    else if (aria('checked')) states.push(aria('checked') === 'true' ? 'checked' : 'not checked');
    if (el.disabled === true || aria('disabled') === 'true') states.push('disabled');
    if (el.readOnly === true || aria('readonly') === 'true') states.push('read only');
    if (el.required === true || aria('required') === 'true') states.push('required');
    if (aria('invalid') === 'true') states.push('invalid');
    if (aria('pressed') === 'true') states.push('pressed');
    if (aria('selected') === 'true') states.push('selected');
    if (aria('current') && aria('current') !== 'false') states.push('current');
    if (tag === 'summary') states.push(parentNode(el)?.open ? 'expanded' : 'collapsed');
    else if (aria('expanded')) states.push(aria('expanded') === 'true' ? 'expanded' : 'collapsed');
    if (activeElement(document) === el) states.push('focused');
    return states;
  };
  const MOST_VALUE = 300;
  const MOST_OPTIONS = 40;
  const valueOf = (el) => {
    const tag = tagOf(el);
    if (tag === 'input') {
      if (el.type === 'password') return el.value === '' ? '(empty)' : '(filled in)';
      if (/^(checkbox|radio|submit|button|reset|image)$/.test(el.type)) return null;
      if (el.type === 'file') return el.files.length === 0 ? '(no file)' : [...el.files].map((file) => clean(file.name)).join(', ');
      return el.value === '' ? '(empty)' : cut(clean(el.value), MOST_VALUE);
    }
    if (tag === 'textarea') return el.value === '' ? '(empty)' : cut(clean(el.value), MOST_VALUE);
    if (tag === 'select') {
      const names = [...el.options].slice(0, MOST_OPTIONS).map((one) => cut(clean(one.label || one.text).trim(), 80) + (one.selected ? ' (selected)' : '') + (one.disabled ? ' (disabled)' : ''));
      return names.join('; ') + (el.options.length > MOST_OPTIONS ? '; … ' + (el.options.length - MOST_OPTIONS) + ' more' : '');
    }
    const now = attr(el, 'aria-valuetext') ?? attr(el, 'aria-valuenow');
    return now === null ? null : clean(now);
  };

  const NAMED = new Set(['navigation', 'main', 'dialog', 'alertdialog', 'alert', 'form', 'search', 'status', 'region', 'complementary']);
  const MOST_NODES = 300000;

  /* Lines of the document as far as the limit; a line {frame: n} stands where a frame's own text belongs. */
  const read = (first, most) => {
    const next = { value: first };
    const lines = [];
    let length = 0;
    let nodes = 0;
    let more = false;
    let line = '';
    const flush = (depth) => {
      const text = line.replace(/\s+/g, ' ').replace(/\] (?=[.,;!?)])/g, ']').trim();
      line = '';
      if (text === '') return;
      const whole = '  '.repeat(Math.min(depth, 8)) + text;
      lines.push(whole);
      length += whole.length + 1;
      if (length > most) more = true;
    };
    const token = (el, role) => {
      const name = nameOf(el);
      const value = valueOf(el);
      const states = statesOf(el);
      return ' ' + (role === 'generic' ? 'clickable' : role) + (name ? ' "' + name + '"' : '') + ' [e' + take(el, next) + ']'
        + (states.length ? ' (' + states.join(', ') + ')' : '') + (value === null ? '' : ': ' + value) + ' ';
    };
    const walkAll = (list, depth, inside) => { for (const child of list) { if (more) return; walk(child, depth, inside); } };
    /* inside: within something whose name has told the text already, so that only what can be used is worth a word. */
    const walk = (node, depth, inside) => {
      if (more) return;
      nodes += 1;
      if (nodes > MOST_NODES) { more = true; return; }
      if (nodeType(node) === 3) {
        if (inside) return;
        const parent = parentNode(node);
        if (parent && nodeType(parent) === 1 && isInvisible(parent)) return;
        const data = node.data;
        const room = most - length - line.length;
        line += clean(data.length > room + 1000 ? data.slice(0, Math.max(0, room) + 1000) : data);
        if (length + line.length > most) { flush(depth); more = true; }
        return;
      }
      if (nodeType(node) !== 1 || isGone(node)) return;
      const el = node;
      const tag = tagOf(el);
      if (tag === 'br') { flush(depth); return; }
      if (tag === 'hr') { flush(depth); line = '---'; flush(depth); return; }
      const style = getComputedStyle(el);
      const block = !style.display.startsWith('inline') && style.display !== 'contents';
      if (tag === 'input' && el.type === 'hidden') return;
      const role = roleOf(el);
      const hidden = isInvisible(el);
      if (!hidden && isUsable(el, role)) {
        if (tag === 'iframe' || tag === 'frame') {
          flush(depth);
          line = token(el, 'frame');
          flush(depth);
          lines.push({ frame: numbers.get(el), depth });
          return;
        }
        const wide = block && role === 'generic';
        if (block) flush(depth);
        if (wide && find(el, 'a[href],button,input,select,textarea,[role],[onclick],h1,h2,h3,li,table')) {
          line = ' clickable area [e' + take(el, next) + ']';
          flush(depth);
          walkAll(children(el), depth + 1, inside);
          flush(depth + 1);
          return;
        }
        line += token(el, role);
        if (!FIELDS.has(tag) && role !== 'textbox' && (shadowRoot(el) || find(el, 'a[href],button,input,select,textarea,[role=button],iframe')))
          walkAll(children(el), depth + 1, true);
        if (block) flush(depth);
        return;
      }
      if (tag === 'img' || role === 'img' || tag === 'svg') {
        const name = hidden || inside ? '' : tag === 'svg' ? (attr(el, 'aria-label') ?? '') : nameOf(el);
        if (name) line += ' image "' + cut(clean(name), MOST_NAME) + '" ';
        return;
      }
      if (tag === 'video' || tag === 'audio' || tag === 'canvas') { if (!hidden && !inside) line += ' ' + tag + ' '; if (tag !== 'canvas') return; }
      if (role === 'heading' && !inside) {
        flush(depth);
        const level = Number(attr(el, 'aria-level')) || Number(tag.slice(1)) || 2;
        line = '#'.repeat(Math.min(6, Math.max(1, level))) + ' ';
        walkAll(children(el), depth, inside);
        flush(depth);
        return;
      }
      if (tag === 'tr' || role === 'row') {
        flush(depth);
        let begun = false;
        for (const cell of children(el)) {
          if (nodeType(cell) !== 1) continue;
          if (begun) line += ' | ';
          begun = true;
          walkAll(children(cell), depth, inside);
        }
        flush(depth);
        return;
      }
      if (NAMED.has(role)) {
        flush(depth);
        const name = attr(el, 'aria-label') ?? (attr(el, 'aria-labelledby') ? nameOf(el) : '');
        line = role + (name ? ' "' + cut(clean(name), MOST_NAME) + '"' : '') + ':';
        flush(depth);
        walkAll(children(el), depth + 1, inside);
        flush(depth + 1);
        return;
      }
      if (block) flush(depth);
      /* Its text is the name of its field, which stands there anyway. */
      if (tag === 'label' && el.control && !isGone(el.control) && !isInvisible(el.control)) inside = true;
      if (tag === 'li' || role === 'listitem') line += '- ';
      walkAll(children(el), tag === 'ul' || tag === 'ol' ? depth + 1 : depth, inside);
      if (block) flush(tag === 'ul' || tag === 'ol' ? depth + 1 : depth);
    };
    const root = body(document) ?? documentElement(document);
    if (root) { walk(root, 0, false); flush(0); }
    return { lines, next: next.value, more };
  };

  const get = (number) => {
    const el = elements.get(number)?.deref();
    return el && isConnected(el) ? el : null;
  };
  const boxOf = (el) => {
    const { x, y, width, height } = rectOf(el);
    return width > 0 && height > 0 && !isInvisible(el) ? { x, y, width, height } : null;
  };
  /* What a click on it means: the link or control around it, or the control of a label. */
  const actorOf = (el) => {
    const around = closest(el, (one) => /^(a|area|button|input|select|textarea|summary|label)$/.test(tagOf(one)));
    if (!around) return el;
    return tagOf(around) === 'label' ? (around.control ?? el) : around;
  };
  const TEXT_TYPES = /^(text|search|url|tel|email|password|number|date|month|week|time|datetime-local)$/;
  const facts = (number) => {
    const el = get(number);
    if (!el) return null;
    const actor = actorOf(el);
    const tag = tagOf(actor);
    const form = actor.form && nodeType(actor.form) === 1 ? actor.form : closest(actor, (one) => tagOf(one) === 'form');
    const type = tag === 'input' || tag === 'button' ? actor.type : null;
    const submits = form !== null && (type === 'submit' || type === 'image' || (tag === 'input' && TEXT_TYPES.test(type)));
    const isLink = (tag === 'a' || tag === 'area') && has(actor, 'href');
    const fields = form ? [...formElements(form)] : [];
    const button = submits && (type === 'submit' || type === 'image') ? actor : fields.find((one) => one.type === 'submit' || one.type === 'image');
    return {
      role: roleOf(el), name: nameOf(el), tag: tagOf(el), inputType: tag === 'input' ? type : null,
      href: isLink ? String(actor.href) : null,
      submits,
      form: form && {
        action: button && has(button, 'formaction') ? button.formAction : formAction(form),
        method: ((button && attr(button, 'formmethod')) || formMethod(form)).toLowerCase(),
        hasPassword: fields.some((one) => one.type === 'password'),
        text: textOf(form, 4000),
      },
      downloads: isLink && has(actor, 'download'),
      box: boxOf(el),
    };
  };

  const hitAt = (x, y) => {
    let hit = document.elementFromPoint(x, y);
    for (;;) {
      const shadow = hit && shadowRoot(hit);
      const inner = shadow && shadow.elementFromPoint(x, y);
      if (!inner || inner === hit) return hit;
      hit = inner;
    }
  };
  /* A place inside the element where a click reaches it, or why there is none. */
  const point = (number) => {
    const el = get(number);
    if (!el) return null;
    if (el.disabled === true || attr(el, 'aria-disabled') === 'true') return { problem: 'it is disabled' };
    let target = el;
    if (!boxOf(target) || rectOf(target).width < 2) target = [...(el.labels ?? [])].find((one) => boxOf(one)) ?? el;
    if (!boxOf(target)) return { problem: 'it is not shown' };
    const { x, y, right, bottom } = rectOf(target);
    if (x < 0 || y < 0 || right > innerWidth || bottom > innerHeight) target.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
    let covered = null;
    const rects = [...target.getClientRects()].filter((one) => one.width > 1 && one.height > 1);
    for (const rect of rects) {
      const left = Math.max(0, rect.left), top = Math.max(0, rect.top);
      const wide = Math.min(innerWidth, rect.right) - left, high = Math.min(innerHeight, rect.bottom) - top;
      if (wide <= 0 || high <= 0) continue;
      for (const [partX, partY] of [[0.5, 0.5], [0.1, 0.5], [0.9, 0.5], [0.5, 0.1], [0.5, 0.9]]) {
        const at = { x: left + wide * partX, y: top + high * partY };
        const hit = hitAt(at.x, at.y);
        if (hit && (closest(hit, (one) => one === target) || actorOf(hit) === el || actorOf(hit) === actorOf(el))) return at;
        covered ??= hit;
      }
    }
    return covered ? { problem: 'it is covered by ' + tagOf(covered) + ' "' + textOf(covered, 60) + '"' } : { problem: 'it is outside of what can be shown' };
  };

  const BY_VALUE = /^(date|month|week|time|datetime-local|color|range)$/;
  const tell = (el) => { el.dispatchEvent(new Event('input', { bubbles: true, composed: true })); el.dispatchEvent(new Event('change', { bubbles: true })); };
  /* Makes it ready for keys that replace what it holds: null is yes. Kinds without keys are filled in at once: done. */
  const prepare = (number, text) => {
    const el = get(number);
    if (!el) return { stale: true };
    const tag = tagOf(el);
    const field = tag === 'textarea' || (tag === 'input' && !/^(checkbox|radio|submit|button|reset|image|file|hidden)$/.test(el.type));
    if (!field && !el.isContentEditable) return { problem: 'it is no field that takes text' };
    if (el.disabled === true || el.readOnly === true) return { problem: 'it cannot be changed now' };
    if (!boxOf(el)) return { problem: 'it is not shown' };
    el.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
    el.focus({ preventScroll: true });
    if (tag === 'input' && BY_VALUE.test(el.type)) {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(el, text);
      if (el.value !== text) return { problem: 'a field of type ' + el.type + ' does not take "' + cut(text, 40) + '"; write a date like 2026-01-31, a time like 14:30, a colour like #aabbcc' };
      tell(el);
      return { done: true };
    }
    if (field) el.select();
    else {
      const range = document.createRange();
      range.selectNodeContents(el);
      const selection = getSelection();
      selection.removeAllRanges();
      selection.addRange(range);
    }
    return {};
  };
  const select = (number, wanted) => {
    const el = get(number);
    if (!el) return { stale: true };
    if (tagOf(el) !== 'select') return { problem: 'it is no list; click it and then what it shows' };
    if (el.disabled) return { problem: 'it is disabled' };
    if (wanted.length > 1 && !el.multiple) return { problem: 'only one can be chosen in it' };
    const options = [...el.options];
    const squeeze = (text) => clean(text).trim().toLowerCase();
    const chosen = wanted.map((one) => options.find((option) => option.value === one) ?? options.find((option) => squeeze(option.label || option.text) === squeeze(one)));
    const missing = wanted.filter((_, at) => !chosen[at]);
    if (missing.length) return { problem: 'it has no "' + cut(missing.join('", "'), 100) + '"; it has ' + cut(options.slice(0, MOST_OPTIONS).map((one) => clean(one.label || one.text).trim()).join(', '), 1000) };
    const off = chosen.find((one) => one.disabled);
    if (off) return { problem: '"' + clean(off.text).trim() + '" cannot be chosen now' };
    el.focus({ preventScroll: true });
    for (const option of options) option.selected = chosen.includes(option);
    tell(el);
    return { chosen: chosen.map((one) => clean(one.label || one.text).trim()) };
  };
  const scroll = (direction) => {
    const root = document.scrollingElement ?? documentElement(document);
    const canScroll = (el) => el.scrollHeight > el.clientHeight + 1;
    let el = root;
    if (!canScroll(root)) {
      const middle = hitAt(innerWidth / 2, innerHeight / 2);
      el = (middle && closest(middle, (one) => canScroll(one) && /auto|scroll/.test(getComputedStyle(one).overflowY))) ?? root;
    }
    const before = el.scrollTop;
    const page = Math.max(100, el.clientHeight * 0.9);
    const top = { down: before + page, up: before - page, top: 0, bottom: el.scrollHeight }[direction];
    el.scrollTo({ top, behavior: 'instant' });
    return { moved: el.scrollTop !== before, top: Math.round(el.scrollTop), height: el.scrollHeight, shown: el.clientHeight };
  };
  /* Lets a link that would open its target save it instead; undone by the returned number of the link. */
  const offer = (number) => {
    const el = get(number);
    const link = el && actorOf(el);
    if (!link || tagOf(link) !== 'a' || has(link, 'download')) return false;
    Element.prototype.setAttribute.call(link, 'download', '');
    return true;
  };
  const withdraw = (number) => {
    const el = get(number);
    if (el) Element.prototype.removeAttribute.call(actorOf(el), 'download');
  };
  const hasText = (text) => clean(body(document)?.innerText ?? '').toLowerCase().includes(text);
  const frameBox = (el) => {
    const { x, y } = rectOf(el);
    const style = getComputedStyle(el);
    return { x: x + el.clientLeft + parseFloat(style.paddingLeft), y: y + el.clientTop + parseFloat(style.paddingTop) };
  };
  let frame = null;
  const mark = (box) => {
    frame?.remove();
    frame = null;
    if (!box) return;
    frame = document.createElement('div');
    frame.popover = 'manual';
    frame.style.cssText = 'all: initial; position: fixed; inset: auto; margin: 0; padding: 0; box-sizing: border-box; pointer-events: none;'
      + 'border: 3px solid #e5007d; border-radius: 4px; background: transparent; outline: 2px solid white; overflow: visible;'
      + 'left: ' + (box.x - 5) + 'px; top: ' + (box.y - 5) + 'px; width: ' + (box.width + 10) + 'px; height: ' + (box.height + 10) + 'px;';
    documentElement(document).append(frame);
    frame.showPopover?.();
  };
  const numberOf = (el) => numbers.get(el) ?? null;
  return { read, get, facts, point, prepare, select, scroll, offer, withdraw, hasText, frameBox, mark, numberOf };
})()`;
