return await P2PShare.TrackerHost.Hosting.TrackerProgram.RunAsync(args, Console.Out, Console.Error);
