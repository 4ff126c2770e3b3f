// Keeps tickets for when there is no network.
navigator.serviceWorker?.register("/sw.js");
