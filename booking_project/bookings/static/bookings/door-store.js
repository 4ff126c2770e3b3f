// What a telephone keeps of doors: the showtimes that it took along, and what it did and has not told yet.

const NAME = "door";
const OVER_MS = 24 * 3600 * 1000;

export const took = store("showtimes");
export const queue = store("scans");

let opened;
function open() {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("showtimes", { keyPath: "showtime_id" });
      asked.result.createObjectStore("scans", { keyPath: "id" });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

function store(name) {
  const run = async (mode, deed) => {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const asked = deed(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onerror = () => reject(transaction.error);
    });
  };
  return {
    get: (key) => run("readonly", (rows) => rows.get(key)),
    all: () => run("readonly", (rows) => rows.getAll()),
    put: (row) => run("readwrite", (rows) => rows.put(row)),
    drop: (key) => run("readwrite", (rows) => rows.delete(key)),
  };
}

// As the service makes it of each code that opens something.
export async function digestOf(code) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(code));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("").slice(0, 32);
}

export async function forgetWhatIsOver() {
  for (const each of await took.all()) {
    if (Date.parse(each.ends_at) + OVER_MS < Date.now()) await took.drop(each.showtime_id);
  }
}
